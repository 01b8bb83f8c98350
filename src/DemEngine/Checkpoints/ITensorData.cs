using DemEngine.Memory;

namespace DemEngine.Checkpoints;

/// <summary>Tensor whose elements can be read part by part, from a file or from memory.</summary>
public interface ITensorData
{
    /// <summary>Name, element type and shape of the tensor.</summary>
    TensorSpec Spec { get; }

    /// <summary>Reads a part of the flattened tensor. May be called from any thread.</summary>
    /// <param name="first">Index of the first unit: an element, or a byte of elements of 4 or 6 bits.</param>
    /// <param name="count">Number of units, of <see cref="TensorSpec.UnitCount"/>; their size must be under 2 GiB.</param>
    /// <param name="scratch">Scratch memory for that many units, used where the bytes are not in memory already.</param>
    /// <returns>Elements of the part, valid until the scratch memory is used again or their owner is disposed.</returns>
    /// <exception cref="DemException">
    /// DEM4003 (ReadFailed): a file could not be read. DEM4005 (InputChanged): a file became shorter.
    /// </exception>
    TypedBytes Read(long first, int count, NativeBytes scratch);
}
