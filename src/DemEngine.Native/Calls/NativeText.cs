using System.Runtime.InteropServices;
using System.Text;

namespace DemEngine.Native.Calls;

/// <summary>Texts on their way into the library and out of it: UTF-8 with a zero byte at the end.</summary>
internal static unsafe class NativeText
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a text that must be there.</summary>
    /// <param name="text">The text.</param>
    /// <param name="argument">Name of the argument, for the message.</param>
    /// <exception cref="DemException">DEM1001 (BadArgument): it is null or not UTF-8.</exception>
    public static string Read(byte* text, string argument) =>
        ReadOptional(text, argument) ?? throw new DemException(ErrorCode.BadArgument, $"the argument {argument} is NULL");

    /// <summary>Reads a text that may be null.</summary>
    /// <param name="text">The text.</param>
    /// <param name="argument">Name of the argument, for the message.</param>
    /// <exception cref="DemException">DEM1001 (BadArgument): it is not UTF-8.</exception>
    public static string? ReadOptional(byte* text, string argument)
    {
        if (text == null)
            return null;
        try
        {
            return Strict.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text));
        }
        catch (DecoderFallbackException e)
        {
            throw new DemException(ErrorCode.BadArgument, $"the argument {argument} is not UTF-8", e);
        }
    }

    /// <summary>Copies a text into memory that <see cref="Free"/> frees.</summary>
    /// <param name="text">The text.</param>
    public static nint Allocate(string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        byte* copy = (byte*)NativeMemory.Alloc((nuint)length + 1);
        Encoding.UTF8.GetBytes(text, new Span<byte>(copy, length));
        copy[length] = 0;
        return (nint)copy;
    }

    /// <summary>Frees a text.</summary>
    /// <param name="text">The text, or null.</param>
    public static void Free(nint text) => NativeMemory.Free((void*)text);
}
