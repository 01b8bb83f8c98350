using System.Collections.Frozen;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Adapters;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Native.Models;

/// <summary>A checkpoint that was opened from disk.</summary>
internal sealed class OpenedModel : NativeModel
{
    private readonly Checkpoint _checkpoint;
    private readonly FrozenDictionary<string, int> _places;

    /// <param name="path">Path of the checkpoint.</param>
    /// <param name="io">Way of reading it.</param>
    public OpenedModel(string path, IoMode io)
    {
        _checkpoint = ModelWeights.Open(path, io);
        Tensors = [.. _checkpoint.Tensors.Select(tensor => tensor.Spec)];
        _places = Enumerable.Range(0, Tensors.Count).ToFrozenDictionary(place => Tensors[place].Name, StringComparer.Ordinal);
    }

    public override IReadOnlyList<TensorSpec> Tensors { get; }

    public override void Read(int tensor, long offset, Span<byte> destination)
    {
        StoredTensor stored = _checkpoint.Tensors[tensor];
        int size = stored.Spec.Type.Size;
        using var scratch = new NativeBuffer(destination.Length);
        TypedBytes part = stored.Read(offset / size, destination.Length / size, scratch.Bytes);
        part.Bytes.Span.CopyTo(destination);
    }

    protected override void Close() => _checkpoint.Dispose();

    protected override int Find(string name) => _places.GetValueOrDefault(name, -1);
}
