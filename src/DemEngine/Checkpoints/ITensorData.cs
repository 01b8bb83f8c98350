using DemEngine.Memory;

namespace DemEngine.Checkpoints;

/// <summary>A tensor whose elements can be had part by part, be they in a file or in memory.</summary>
public interface ITensorData
{
    /// <summary>What it is.</summary>
    TensorSpec Spec { get; }

    /// <summary>Gives a part of the flattened tensor. Any thread may ask.</summary>
    /// <param name="first">Index of the first element.</param>
    /// <param name="count">Number of elements; their bytes must stay under 2 GiB.</param>
    /// <param name="scratch">Room for so many elements, used where the bytes do not lie in memory already.</param>
    /// <returns>The elements, valid until the scratch is used again or their owner is disposed.</returns>
    /// <exception cref="DemException">DEM4003 or DEM4005: a file could not be read, or became shorter.</exception>
    TypedBytes Read(long first, int count, NativeBytes scratch);
}
