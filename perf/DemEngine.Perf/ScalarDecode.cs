using System.Runtime.InteropServices;
using DemEngine.Memory;
using DemEngine.Numerics.Elements;

namespace DemEngine.Perf;

/// <summary>Decoding one element after the other.</summary>
internal readonly struct ScalarDecode(TypedBytes input, TypedBytes output) : IFloatElementVisitor<int>
{
    public int Visit<TElement>()
        where TElement : IFloatElement
    {
        Span<float> singles = MemoryMarshal.Cast<byte, float>(output.Bytes.Span);
        for (int i = 0; i < singles.Length; i++)
            singles[i] = (float)TElement.Read(ref input.Bytes.Span[i * TElement.Size]);
        return 0;
    }
}
