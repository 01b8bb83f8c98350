using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Merging;

/// <summary>A tensor that is read tile by tile: one that lies in a file, or one that is made from others while it is read.</summary>
internal abstract class InputTensor(TensorSpec spec)
{
    public TensorSpec Spec { get; } = spec;

    /// <summary>Bytes that are read from files for each of its elements.</summary>
    public abstract int ElementBytes { get; }

    /// <summary>How many buffers of the workspace <see cref="Read"/> takes.</summary>
    public abstract int Buffers { get; }

    /// <summary>Bytes that these take for each element that is read.</summary>
    public abstract int BufferElementBytes { get; }

    /// <summary>Gives a part. Called by <see cref="TileWorkspace.Read"/>, which remembers it until the next tile.</summary>
    public abstract TypedBytes Read(long first, int count, TileWorkspace workspace);

    /// <summary>Says that a part will be read soon.</summary>
    public abstract void WillNeed(long first, long count);
}

/// <summary>A tensor that lies in a file.</summary>
internal sealed class StoredInput(StoredTensor tensor) : InputTensor(tensor.Spec)
{
    public override int ElementBytes => Spec.Type.Size;

    public override int Buffers => tensor.IsCopied ? 1 : 0;

    public override int BufferElementBytes => tensor.IsCopied ? Spec.Type.Size : 0;

    public override TypedBytes Read(long first, int count, TileWorkspace workspace) =>
        tensor.Read(first, count, tensor.IsCopied ? workspace.Room(count * Spec.Type.Size) : default);

    public override void WillNeed(long first, long count) => tensor.WillNeed(first, count);
}
