using System.Text.Json.Nodes;
using DemEngine.Answers;
using DemEngine.Checkpoints;
using DemEngine.Errors;
using DemEngine.Numerics;

namespace DemEngine.Native.Models;

/// <summary>
/// A model that a caller holds: what can be asked of it, and what a merge reads of it. It goes when its holder has freed it and
/// no call uses it.
/// </summary>
internal abstract class NativeModel : IModelSource
{
    // The holder counts as one.
    private int _uses = 1;

    public abstract IReadOnlyList<TensorSpec> Tensors { get; }

    public virtual IReadOnlyDictionary<string, byte[]> SideFiles => new Dictionary<string, byte[]>();

    /// <summary>Begins a use.</summary>
    /// <returns>False if the model is gone.</returns>
    public bool TryUse()
    {
        int uses = Volatile.Read(ref _uses);
        while (uses > 0)
        {
            int before = Interlocked.CompareExchange(ref _uses, uses + 1, uses);
            if (before == uses)
                return true;
            uses = before;
        }

        return false;
    }

    /// <summary>Ends a use, or the holder's.</summary>
    public void EndUse()
    {
        if (Interlocked.Decrement(ref _uses) == 0)
            Close();
    }

    /// <summary>Frees what the model holds.</summary>
    protected abstract void Close();

    /// <summary>Finds the position of a tensor; -1 if there is none of that name.</summary>
    /// <param name="name">Its name.</param>
    protected abstract int Find(string name);

    /// <summary>Gives the memory of a tensor; null where it is not in memory.</summary>
    /// <param name="tensor">Position of the tensor.</param>
    protected virtual NativeBlock? MemoryOf(int tensor) => null;

    /// <summary>Gives the contents of a small file; null where there is none of that name.</summary>
    /// <param name="name">Its name.</param>
    protected virtual NativeBlock? FileOf(string name) => null;

    public abstract void Read(int tensor, long offset, Span<byte> destination);

    /// <summary>Copies a part of a tensor.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="offset">Offset of the part's first byte.</param>
    /// <param name="destination">Memory to fill.</param>
    public void Read(string name, long offset, NativeBlock destination)
    {
        const int mostAtOnce = 1 << 24;
        long length = destination.Length;
        int place = Require(name);
        TensorSpec spec = Tensors[place];
        if (offset < 0 || length > spec.ByteLength || offset > spec.ByteLength - length)
            throw new DemException(
                ErrorCode.BadArgument, $"{name}: {length} bytes from {offset} do not lie in its {spec.ByteLength} bytes")
            {
                Tensor = name,
            };
        if (offset % spec.Type.Size != 0 || length % spec.Type.Size != 0)
            throw new DemException(
                ErrorCode.BadArgument,
                $"{name}: {length} bytes from {offset} are no whole {spec.Type.SafetensorsName} elements, "
                + $"each of {spec.Type.Size} bytes")
            {
                Tensor = name,
            };
        for (long done = 0; done < length; done += mostAtOnce)
            Read(place, offset + done, destination.Part(done, (int)Math.Min(mostAtOnce, length - done)));
    }

    /// <summary>Gives the memory of a tensor.</summary>
    /// <param name="name">Its name.</param>
    public NativeBlock MemoryOf(string name) => MemoryOf(Require(name)) ?? throw new DemException(
        ErrorCode.BadArgument,
        $"{name}: the model is not in memory",
        remedy: "Copy the tensor with dem_model_read().")
    {
        Tensor = name,
    };

    /// <summary>Gives the contents of a small file.</summary>
    /// <param name="name">Its name.</param>
    public NativeBlock RequireFile(string name) => FileOf(name)
        ?? throw new DemException(ErrorCode.NoSuchTensor, $"the model has no file {Quoted.Name(name)} in memory");

    /// <summary>Gives the list of tensors and files.</summary>
    public JsonObject Describe() => new()
    {
        ["tensors"] = new JsonArray([.. Tensors.Select(tensor => new JsonObject
        {
            ["name"] = tensor.Name,
            ["dtype"] = tensor.Type.SafetensorsName,
            ["shape"] = JsonValues.Of(tensor.Shape.Dimensions),
            ["bytes"] = tensor.ByteLength,
        })]),
        ["files"] = new JsonArray([.. SideFiles.OrderBy(file => file.Key, StringComparer.Ordinal).Select(file =>
            new JsonObject { ["name"] = file.Key, ["bytes"] = file.Value.Length })]),
    };

    private int Require(string name)
    {
        int place = Find(name);
        return place >= 0 ? place : throw new DemException(
            ErrorCode.NoSuchTensor,
            $"the model has no tensor {Quoted.Name(name)}"
            + Misspelling.DidYouMean(name, Tensors.Select(tensor => tensor.Name)))
        {
            Tensor = name,
        };
    }
}
