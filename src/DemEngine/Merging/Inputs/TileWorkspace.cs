using DemEngine.Backends;
using DemEngine.Diagnostics;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Merging.Inputs;

/// <summary>The backend worker and the buffers of one pipeline thread, reused tile after tile.</summary>
internal sealed class TileWorkspace : ITileContext, IDisposable
{
    private readonly NativeBuffer _output;
    private readonly int _outputBytes;
    private readonly List<NativeBuffer> _rooms = [];
    private readonly List<(TensorReader Tensor, long First, TypedBytes Part)> _read = [];
    private NativeBuffer? _scratch;
    private InputCache? _held;
    private int _room;
    private int _roomUsed;

    /// <param name="backend">Backend that creates the worker.</param>
    /// <param name="outputs">Number of output tiles that are made at a time.</param>
    /// <param name="outputBytes">Size of an output tile in bytes.</param>
    /// <param name="inputBytes">Bytes to allocate for inputs in advance; more are allocated on demand.</param>
    public TileWorkspace(IMergeBackend backend, int outputs, int outputBytes, long inputBytes)
    {
        Worker = backend.CreateWorker();
        Outputs = outputs;
        _outputBytes = outputBytes;
        _output = new NativeBuffer(checked(outputs * outputBytes));
        if (inputBytes > 0)
            _rooms.Add(new NativeBuffer(checked((int)inputBytes)));
    }

    public ITileWorker Worker { get; }

    /// <summary>Number of output tiles that there is memory for.</summary>
    public int Outputs { get; }

    /// <summary>Returns the memory of an output tile.</summary>
    public NativeBytes Output(int index) => _output.Bytes.Slice(index * _outputBytes, _outputBytes);

    /// <summary>Starts a tile: all memory for inputs becomes free again.</summary>
    /// <param name="held">Cached inputs of the tile's tensor; null where nothing is cached.</param>
    public void StartTile(InputCache? held = null)
    {
        _held = held;
        _room = 0;
        _roomUsed = 0;
        _read.Clear();
    }

    public TypedBytes Read(TensorReader tensor, long first, int count)
    {
        if (!tensor.IsCopied)
            return tensor.Read(first, count, room: default, this);
        if (_held is not null && _held.TryRead(tensor, first, count, this, out TypedBytes held))
        {
            EngineMetrics.CacheHits.Add(1);
            return held;
        }

        foreach (var earlier in _read)
        {
            if (earlier.Tensor == tensor && earlier.First == first && earlier.Part.Count == count)
                return earlier.Part;
        }

        TypedBytes part = tensor.Read(first, count, Room(count * tensor.Spec.Type.Size), this);
        _read.Add((tensor, first, part));
        return part;
    }

    public NativeBytes Room(int bytes)
    {
        while (_room < _rooms.Count && bytes > _rooms[_room].Length - _roomUsed)
        {
            _room++;
            _roomUsed = 0;
        }

        if (_room == _rooms.Count)
            _rooms.Add(new NativeBuffer(bytes));
        NativeBytes part = _rooms[_room].Bytes.Slice(_roomUsed, bytes);
        _roomUsed += bytes;
        return part;
    }

    public TileLoan Borrow() => new(this, _room, _roomUsed, _read.Count);

    public void Return(TileLoan loan)
    {
        (_room, _roomUsed) = (loan.Block, loan.BlockUsed);
        _read.RemoveRange(loan.PartsRead, _read.Count - loan.PartsRead);
    }

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
        foreach (NativeBuffer room in _rooms)
            room.Dispose();
    }
}
