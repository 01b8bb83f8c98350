using System.Globalization;

namespace DemEngine.Checkpoints.Locating;

/// <summary>
/// Tells from a file's first bytes what it is where it is no safetensors file, so that an error can say what is there.
/// </summary>
internal static class FileSignature
{
    /// <summary>Number of leading bytes that are enough to tell.</summary>
    public const int Length = 512;

    private const string SavingAgain =
        "Load it in Python with torch.load(FILE, weights_only=True), and save it again with torch.save, or as safetensors. "
        + "Without weights_only, loading a pickle can run any program.";

    /// <summary>Describes a file that is not safetensors.</summary>
    /// <param name="start">First bytes of the file, up to <see cref="Length"/>.</param>
    /// <param name="path">Path of the file, since some kinds are only told by their names.</param>
    /// <returns>What the file is and what can be done about it; null if it is of no known kind.</returns>
    public static FileKind? Find(ReadOnlySpan<byte> start, string path) =>
        Of(start) ?? ByName(path) ?? (IsText(start)
            ? new("this is text, and no file of weights", "Give the file that holds the weights, or its folder.")
            : null);

    /// <summary>Describes a file by its first bytes alone.</summary>
    /// <param name="start">First bytes of the file, up to <see cref="Length"/>.</param>
    /// <returns>What the file is and what can be done about it; null if it is of no known kind.</returns>
    public static FileKind? Of(ReadOnlySpan<byte> start)
    {
        if (start.StartsWith("ggml"u8) || start.StartsWith("tjgg"u8) || start.StartsWith("fmgg"u8))
            return new(
                "this is a file of llama.cpp from before GGUF",
                "Merge the safetensors model that it was made from.");

        // The instruction PROTO, and the number 0x1950a86a20f9469cfc6c in ten bytes.
        if (start is [0x80, _, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, ..])
            return new(
                "this is a file of torch.save (a pickle) in the form of before PyTorch 1.6, which is no zip archive",
                SavingAgain,
                ErrorCode.TorchFormNotRead);
        if (IsPickle(start))
            return new(
                "this is a Python pickle by itself, not a file of torch.save",
                "Load it in Python where nothing can be harmed, and save its weights as safetensors. Loading a pickle can run "
                + "any program.",
                ErrorCode.TorchFormNotRead);
        if (start.Length > 262 && start[257..].StartsWith("ustar"u8))
            return new(
                "this is a tar archive, as PyTorch wrote it before version 0.1.10, or one of several files",
                "If files are packed in it, unpack them. " + SavingAgain,
                ErrorCode.TorchFormNotRead);
        if (start.StartsWith("version https://git-lfs.github.com/spec/"u8))
            return new(
                "this is a Git LFS pointer, not the file itself", "Run `git lfs pull` in its folder, or download the file.");
        if (IsMarkup(start))
            return new(
                "this is a web page (HTML or XML), probably an error page that a download saved",
                "Download the file again; a gated model needs a login.");
        if (start.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'H', (byte)'D', (byte)'F']))
            return new("this is an HDF5 file, as Keras writes it", FrameworkOf(".h5")!);
        if (start.StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]))
            return new("this is a gzip archive", "Unpack it first.");
        return start.Length > 0 && start.IndexOfAnyExcept((byte)0) < 0
            ? new("its first bytes are all zero, as a download leaves it that did not finish", "Download the file again.")
            : null;
    }

    private static FileKind? ByName(string path)
    {
        if (FrameworkOf(path) is { } remedy)
            return new("by its name this is a file of Flax, TensorFlow or ONNX", remedy);
        if (Ends(path, ".gguf"))
            return new(
                "by its name this is a file of llama.cpp, but it does not begin as one",
                "Fetch or copy the file again; compare its size with the source.",
                ErrorCode.BadGguf);
        return new[] { ".bin", ".pt", ".pth", ".ckpt" }.Any(suffix => Ends(path, suffix))
            ? new(
                "by its name this is a file of PyTorch, but it begins neither as one nor as safetensors",
                ErrorCode.BadTorchFile.Remedy,
                ErrorCode.BadTorchFile)
            : null;
    }

    // A header of safetensors begins with its length in eight bytes, of which the last are zero.
    private static bool IsText(ReadOnlySpan<byte> start)
    {
        ReadOnlySpan<byte> length = start[..Math.Min(start.Length, sizeof(ulong))];
        foreach (byte character in length)
        {
            if (character is (< (byte)' ' or > (byte)'~') and not ((byte)'\n' or (byte)'\r' or (byte)'\t'))
                return false;
        }

        return length.Length == sizeof(ulong);
    }

    /// <summary>Advice for weights of another framework; null where a name is not one of its files.</summary>
    /// <param name="path">Path or name of a file.</param>
    public static string? FrameworkOf(string path)
    {
        const string instead = "Take the model's safetensors or PyTorch files. Where it has none, transformers 4 converts it: "
            + "AutoModel.from_pretrained(DIR, from_{0}=True).save_pretrained(OUT).";
        return Ends(path, ".msgpack") ? string.Format(CultureInfo.InvariantCulture, instead, "flax")
            : Ends(path, ".h5") || Ends(path, ".ckpt.index") || path.Contains(".ckpt.data-", StringComparison.Ordinal)
                ? string.Format(CultureInfo.InvariantCulture, instead, "tf")
            : Ends(path, ".onnx") ? "Take the model that it was exported from, as safetensors."
            : null;
    }

    private static bool Ends(string path, string suffix) => path.EndsWith(suffix, StringComparison.OrdinalIgnoreCase);

    // The opcode PROTO with a version from 2 to 5.
    private static bool IsPickle(ReadOnlySpan<byte> start) => start.Length > 2 && start[0] == 0x80 && start[1] is >= 2 and <= 5;

    private static bool IsMarkup(ReadOnlySpan<byte> start)
    {
        ReadOnlySpan<byte> text = start.StartsWith((ReadOnlySpan<byte>)[0xef, 0xbb, 0xbf]) ? start[3..] : start;
        return text.TrimStart(" \t\r\n"u8) is [(byte)'<', var next, ..]
            && (next is (byte)'!' or (byte)'?' || char.IsAsciiLetter((char)next));
    }
}

/// <summary>What a file is that is not read.</summary>
/// <param name="What">Half a sentence that says it.</param>
/// <param name="Remedy">What can be done about it.</param>
/// <param name="Code">Code of its error; null for that of a header of safetensors that cannot be read.</param>
internal sealed record FileKind(string What, string Remedy, ErrorCode? Code = null);
