using System.Text;
using DemEngine.Errors;
using DemEngine.Files;

namespace DemEngine.Checkpoints.Folders;

/// <summary>Notices files that hold something else than their names say, which copying would pass on without a word.</summary>
internal static class SideFileContent
{
    private const string Pointer = "version https://git-lfs.github.com/spec/";
    private const int LongestStart = 256;

    private static readonly string[] Pages = ["<!doctype html", "<html"];
    private static readonly string[] Errors = ["<?xml", "<error"];
    private static readonly string[] Read = [".json", ".model", ".tiktoken", ".spm", ".jinja", ".py", "merges.txt", "vocab.txt"];

    /// <summary>Whether a file, by its name, is one that whoever loads the model reads as text, as JSON or as code.</summary>
    /// <param name="file">Name or path of the file.</param>
    public static bool IsRead(string file) => Read.Any(suffix => file.EndsWith(suffix, StringComparison.OrdinalIgnoreCase));

    /// <summary>Refuses a file that cannot be what its name says.</summary>
    /// <param name="file">Path of the file.</param>
    /// <param name="contents">Contents of the file.</param>
    /// <exception cref="DemException">
    /// DEM2023 (BadSideFile): the file is a Git LFS pointer, a page of a website, or by its name JSON and none that is read
    /// anywhere.
    /// </exception>
    public static void Check(string file, ReadOnlySpan<byte> contents)
    {
        string start = Encoding.UTF8.GetString(contents[..Math.Min(contents.Length, LongestStart)])
            .TrimStart('\uFEFF', ' ', '\t', '\r', '\n');
        if (start.StartsWith(Pointer, StringComparison.Ordinal))
            throw Wrong(
                file,
                "this is a Git LFS pointer, which stands for the file and does not hold it",
                "Run `git lfs pull` in its repository, or download the file itself.");
        if (!IsRead(file))
            return;

        if (Starts(start, Pages))
            throw Wrong(
                file,
                "this is a page of a website (HTML) that was saved under the file's name",
                "Download the file again, signed in where the model asks for it, and from its raw address.");
        if (file.EndsWith(".json", StringComparison.OrdinalIgnoreCase) && Starts(start, Errors))
            throw Wrong(
                file,
                "this is XML and no JSON, such as a server answers in place of a file",
                "Download the file again, signed in where the model asks for it.");
        if (file.EndsWith(".json", StringComparison.OrdinalIgnoreCase) && contents.Length <= LongestStart && start.Length == 0)
            throw Wrong(file, "the file is empty", "Download the file again.");
        if (file.EndsWith(".json", StringComparison.OrdinalIgnoreCase) && LenientJson.FaultOf(contents) is { } fault)
            throw Wrong(
                file,
                JsonFault.Describe(fault),
                "Download the file again, correct it there, or take it out of the folder.",
                (int?)(fault.LineNumber + 1));
        if (file.EndsWith("config.json", StringComparison.Ordinal) && start.Length > 0 && start[0] != '{')
            throw Wrong(file, "this is JSON, but no object with settings", "Download the file again.");
    }

    private static bool Starts(string text, string[] starts) =>
        starts.Any(start => text.StartsWith(start, StringComparison.OrdinalIgnoreCase));

    private static DemException Wrong(string file, string what, string remedy, int? line = null) =>
        new(ErrorCode.BadSideFile, $"{file}: {what}", remedy: remedy) { Path = file, Line = line };
}
