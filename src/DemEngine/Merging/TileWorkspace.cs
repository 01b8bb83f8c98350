using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Merging;

/// <summary>What one thread of the pipeline works with: its backend worker and its buffers, reused tile after tile.</summary>
internal sealed class TileWorkspace : IDisposable
{
    private readonly NativeBuffer _output;
    private readonly NativeBuffer? _inputs;
    private NativeBuffer? _scratch;
    private readonly List<(StoredTensor Tensor, long First, TypedBytes Part)> _read = [];
    private int _inputsUsed;

    public TileWorkspace(IMergeBackend backend, int outputBytes, long inputBytes)
    {
        Worker = backend.CreateWorker();
        _output = new NativeBuffer(outputBytes);
        _inputs = inputBytes == 0 ? null : new NativeBuffer(checked((int)inputBytes));
    }

    public ITileWorker Worker { get; }

    /// <summary>Room for a tile of output.</summary>
    public NativeBytes Output => _output.Bytes;

    /// <summary>Gives all room for inputs free again.</summary>
    public void StartTile()
    {
        _inputsUsed = 0;
        _read.Clear();
    }

    /// <summary>Reads a part of a tensor, which stays valid until the next tile is started.</summary>
    public TypedBytes Read(StoredTensor tensor, long first, int count)
    {
        if (_inputs is null)
            return tensor.Read(first, count, default);

        // A tensor that a tile needs twice is read once; there is no room for it twice.
        foreach (var earlier in _read)
        {
            if (ReferenceEquals(earlier.Tensor, tensor) && earlier.First == first && earlier.Part.Count == count)
                return earlier.Part;
        }

        int bytes = count * tensor.Spec.Type.Size;
        TypedBytes part = tensor.Read(first, count, _inputs.Bytes.Slice(_inputsUsed, bytes));
        _inputsUsed += bytes;
        _read.Add((tensor, first, part));
        return part;
    }

    /// <summary>Room for whatever else a tile needs, the same room at every call.</summary>
    public NativeBytes Scratch(int bytes)
    {
        if (_scratch is null || _scratch.Length < bytes)
        {
            _scratch?.Dispose();
            _scratch = new NativeBuffer(bytes);
        }

        return _scratch.Bytes.Slice(0, bytes);
    }

    public void Dispose()
    {
        _scratch?.Dispose();
        Worker.Dispose();
        _output.Dispose();
        _inputs?.Dispose();
    }
}
