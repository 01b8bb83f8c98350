using System.Numerics;

namespace DemEngine.Numerics.Quantized;

/// <summary>
/// The numbers that codes of one byte each stand for, before and after they are multiplied by the scale of their group. Results
/// are binary32 and rounded once, in the order that the definition of the form gives, on every vector width.
/// </summary>
internal abstract class CodeValues
{
    /// <summary>Computes the values of codes that have one scale: value = number(code) · scale.</summary>
    /// <param name="codes">One code in each byte.</param>
    /// <param name="scale">Scale of all of them.</param>
    /// <param name="values">Receives as many values as there are codes.</param>
    public abstract void Decode(ReadOnlySpan<byte> codes, float scale, Span<float> values);

    /// <summary>Computes the values of codes of which so many that follow each other have one scale.</summary>
    /// <param name="codes">One code in each byte.</param>
    /// <param name="scales">A scale for each block.</param>
    /// <param name="block">Number of codes of a block; the last block may have fewer.</param>
    /// <param name="values">Receives as many values as there are codes.</param>
    public virtual void Decode(ReadOnlySpan<byte> codes, ReadOnlySpan<float> scales, int block, Span<float> values)
    {
        for (int at = 0, k = 0; at < codes.Length; at += block, k++)
        {
            int count = Math.Min(block, codes.Length - at);
            Decode(codes.Slice(at, count), scales[k], values.Slice(at, count));
        }
    }

    /// <summary>Computes the values of codes that each have a scale of their own.</summary>
    /// <param name="codes">One code in each byte.</param>
    /// <param name="scales">A scale for each code.</param>
    /// <param name="values">Receives as many values as there are codes.</param>
    public void Decode(ReadOnlySpan<byte> codes, ReadOnlySpan<float> scales, Span<float> values)
    {
        // A number is at most 8 bits wide, so that multiplying by one leaves it as it is.
        Decode(codes, 1, values);
        int width = Vector<float>.Count;
        int k = 0;
        for (; k <= codes.Length - width; k += width)
            (new Vector<float>(values[k..]) * new Vector<float>(scales[k..])).CopyTo(values[k..]);
        for (; k < codes.Length; k++)
            values[k] *= scales[k];
    }
}
