using DemEngine.Errors;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;

namespace DemEngine.Merging.Tensors;

/// <summary>
/// Watches whether a tensor comes out all zero although its inputs are not, as when a weight is 0 or differences are too small
/// for the output's type. Looks no further once a part is not zero, so that it costs nothing in most tensors.
/// </summary>
/// <param name="inputs">Tensors that the output is made from.</param>
internal sealed class ZeroCheck(IReadOnlyList<TensorReader> inputs)
{
    private bool _outputIsNotZero;
    private bool _inputsAreNotZero;

    /// <summary>Whether all parts that were seen are zero, and an input is not.</summary>
    public bool IsLost => !_outputIsNotZero && _inputsAreNotZero;

    /// <summary>Writes the note on such tensors; null if there is none.</summary>
    /// <param name="tensors">Names of the tensors.</param>
    public static string? Remark(IReadOnlyCollection<string> tensors) => tensors.Count switch
    {
        0 => null,
        1 => $"{Quoted.List(tensors)} is all zero although what it is made from is not",
        _ => $"{tensors.Count} tensors are all zero although what they are made from is not: {Quoted.List(tensors)}",
    };

    /// <summary>Looks at a part. Threads only ever set flags, so their order does not matter.</summary>
    /// <param name="first">Index of the part's first element.</param>
    /// <param name="output">The part.</param>
    /// <param name="workspace">Workspace of the calling thread, which still has the inputs of the part.</param>
    public void See(long first, TypedBytes output, ITileContext workspace)
    {
        if (Volatile.Read(ref _outputIsNotZero))
            return;
        if (!IsZero(output))
        {
            Volatile.Write(ref _outputIsNotZero, true);
            return;
        }

        for (int k = 0; k < inputs.Count && !Volatile.Read(ref _inputsAreNotZero); k++)
        {
            int there = (int)Math.Clamp(inputs[k].Spec.UnitCount - first, 0, output.Count);
            if (there > 0 && !IsZero(workspace.Read(inputs[k], first, there)))
                Volatile.Write(ref _inputsAreNotZero, true);
        }
    }

    /// <summary>Whether all elements are 0 or −0, whose only bit is the highest one of the last byte.</summary>
    private static bool IsZero(TypedBytes elements)
    {
        ReadOnlySpan<byte> bytes = elements.Bytes.Span;
        if (!bytes.ContainsAnyExcept((byte)0))
            return true;
        if (bytes.ContainsAnyExcept((byte)0, (byte)0x80))
            return false;

        int size = elements.Bytes.Length / Math.Max(1, elements.Count);
        for (int i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] != 0 && i % size != size - 1)
                return false;
        }

        return true;
    }
}
