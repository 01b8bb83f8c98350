namespace DemEngine.Checkpoints.Locating;

/// <summary>
/// Tells from a file's first bytes what it is where it is no safetensors file, so that an error can say what is there.
/// </summary>
internal static class FileSignature
{
    /// <summary>Number of leading bytes that are enough to tell.</summary>
    public const int Length = 256;

    /// <summary>Describes a file that is not safetensors.</summary>
    /// <param name="start">First bytes of the file, up to <see cref="Length"/>.</param>
    /// <returns>What the file is and what can be done about it; null if the bytes are of no known kind.</returns>
    public static (string What, string Remedy)? Find(ReadOnlySpan<byte> start)
    {
        if (start.StartsWith("ggml"u8) || start.StartsWith("tjgg"u8) || start.StartsWith("fmgg"u8))
            return (
                "this is a file of llama.cpp from before GGUF",
                "Merge the safetensors model that it was made from.");
        if (start.StartsWith("PK\u0003\u0004"u8) || start.StartsWith("PK\u0005\u0006"u8))
            return ("this is a zip archive, as PyTorch's torch.save writes it (a pickle)", Converting);
        if (IsPickle(start))
            return ("this is a Python pickle, as PyTorch wrote it before version 1.6", Converting);
        if (start.StartsWith("version https://git-lfs.github.com/spec/"u8))
            return ("this is a Git LFS pointer, not the file itself", "Run `git lfs pull` in its folder, or download the file.");
        if (IsMarkup(start))
            return (
                "this is a web page (HTML or XML), probably an error page that a download saved",
                "Download the file again; a gated model needs a login.");
        if (start.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'H', (byte)'D', (byte)'F']))
            return ("this is an HDF5 file, as Keras writes it", "Save the model as safetensors.");
        if (start.StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]))
            return ("this is a gzip archive", "Unpack it first.");
        if (start.Length > 0 && start.IndexOfAnyExcept((byte)0) < 0)
            return ("its first bytes are all zero, as a download leaves it that did not finish", "Download the file again.");
        return null;
    }

    /// <summary>Advice for weights that PyTorch has pickled.</summary>
    public const string Converting =
        "Convert it to safetensors, for instance with transformers: "
        + "AutoModelForCausalLM.from_pretrained(DIR, dtype=\"auto\").save_pretrained(OUT). "
        + "A pickle can run any program when it is loaded, so that it is not read here.";

    // The opcode PROTO with a version from 2 to 5; torch.save without zip begins with a pickled magic number.
    private static bool IsPickle(ReadOnlySpan<byte> start) => start.Length > 2 && start[0] == 0x80 && start[1] is >= 2 and <= 5;

    private static bool IsMarkup(ReadOnlySpan<byte> start)
    {
        ReadOnlySpan<byte> text = start.StartsWith((ReadOnlySpan<byte>)[0xef, 0xbb, 0xbf]) ? start[3..] : start;
        return text.TrimStart(" \t\r\n"u8) is [(byte)'<', var next, ..]
            && (next is (byte)'!' or (byte)'?' || char.IsAsciiLetter((char)next));
    }
}
