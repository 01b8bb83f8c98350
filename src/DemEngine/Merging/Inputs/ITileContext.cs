using DemEngine.Backends;
using DemEngine.Memory;

namespace DemEngine.Merging.Inputs;

/// <summary>What a thread needs while it works on a tile: its backend worker, parts of inputs, and memory for what lies between.</summary>
internal interface ITileContext
{
    /// <summary>The thread's backend worker.</summary>
    ITileWorker Worker { get; }

    /// <summary>Reads a part of a tensor, which stays valid until the next tile is started. What a tile needs twice is read once.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="first">Index of the part's first element.</param>
    /// <param name="count">Number of elements.</param>
    TypedBytes Read(TensorReader tensor, long first, int count);

    /// <summary>Memory for a part of an input, valid until the next tile is started.</summary>
    /// <param name="bytes">Number of bytes.</param>
    NativeBytes Room(int bytes);

    /// <summary>Scratch memory; every call returns the same block.</summary>
    /// <param name="bytes">Number of bytes.</param>
    NativeBytes Scratch(int bytes);

    /// <summary>Begins a loan: once it is disposed, what <see cref="Room"/> gave meanwhile is free again, and what was read is forgotten.</summary>
    TileLoan Borrow();

    /// <summary>Ends a loan; see <see cref="TileLoan.Dispose"/>.</summary>
    void Return(TileLoan loan);
}
