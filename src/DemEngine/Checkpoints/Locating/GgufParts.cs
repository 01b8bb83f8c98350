using System.Globalization;
using System.Text.RegularExpressions;
using DemEngine.Errors;

namespace DemEngine.Checkpoints.Locating;

/// <summary>Finds the files that a GGUF model was split into: <c>name-00001-of-00003.gguf</c> and so on.</summary>
internal static partial class GgufParts
{
    /// <summary>Finds the other files of a model.</summary>
    /// <param name="path">Path of any of its files, or of another file, which is alone.</param>
    /// <exception cref="DemException">DEM2012 (MissingShard): a file is not there.</exception>
    public static string[] Of(string path)
    {
        Match match = Form().Match(path);
        if (!match.Success)
            return [path];
        int count = int.Parse(match.Groups[3].ValueSpan, CultureInfo.InvariantCulture);
        string[] parts =
        [
            .. Enumerable.Range(1, count).Select(number =>
                string.Create(CultureInfo.InvariantCulture, $"{match.Groups[1].Value}-{number:D5}-of-{count:D5}.gguf")),
        ];
        string[] missing = [.. parts.Where(part => !File.Exists(part)).Select(part => Path.GetFileName(part))];
        return missing.Length == 0
            ? parts
            : throw new DemException(
                ErrorCode.MissingShard, $"{path}: of {count} files {missing.Length} are not there: {Quoted.List(missing)}")
            {
                Path = path,
            };
    }

    /// <summary>Returns the only GGUF model of a folder that holds no other weights; null if there is none, or several.</summary>
    /// <param name="names">Names of the folder's files.</param>
    public static string? Only(IReadOnlyCollection<string> names)
    {
        if (names.Any(name => name.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase)))
            return null;
        string[] models =
        [
            .. names.Where(name => name.EndsWith(".gguf", StringComparison.Ordinal)
                && (!Form().IsMatch(name) || name.Contains("-00001-of-", StringComparison.Ordinal))),
        ];
        return models is [var only] ? only : null;
    }

    [GeneratedRegex(@"\A(.+)-([0-9]{5})-of-([0-9]{5})\.gguf\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
