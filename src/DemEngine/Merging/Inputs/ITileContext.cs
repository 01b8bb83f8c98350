using DemEngine.Backends;
using DemEngine.Memory;

namespace DemEngine.Merging.Inputs;

/// <summary>Gives a thread what it needs to work on a tile: its backend worker, parts of inputs, and scratch memory.</summary>
internal interface ITileContext
{
    /// <summary>Backend worker of the thread.</summary>
    ITileWorker Worker { get; }

    /// <summary>
    /// Reads a part of a tensor. It stays valid until the next tile is started, and a part that a tile needs twice is read only
    /// once.
    /// </summary>
    /// <param name="tensor">Tensor to read.</param>
    /// <param name="first">Index of the part's first element.</param>
    /// <param name="count">Number of elements.</param>
    TypedBytes Read(TensorReader tensor, long first, int count);

    /// <summary>Allocates memory for a part of an input, valid until the next tile is started.</summary>
    /// <param name="bytes">Number of bytes.</param>
    NativeBytes Room(int bytes);

    /// <summary>Returns scratch memory. Every call returns the same block.</summary>
    /// <param name="bytes">Number of bytes.</param>
    NativeBytes Scratch(int bytes);

    /// <summary>
    /// Begins a loan. Disposing it frees the memory that <see cref="Room"/> gave during the loan, and forgets the parts that were
    /// read during it.
    /// </summary>
    TileLoan Borrow();

    /// <summary>Ends a loan; see <see cref="TileLoan.Dispose"/>.</summary>
    void Return(TileLoan loan);
}
