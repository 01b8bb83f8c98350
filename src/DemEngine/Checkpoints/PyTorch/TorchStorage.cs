using DemEngine.Checkpoints.Pickles;

namespace DemEngine.Checkpoints.PyTorch;

/// <summary>Memory that tensors are views of, which lies in a file of its own in the archive.</summary>
/// <param name="Key">Name of that file.</param>
/// <param name="Kind">Class of the storage, which says what it holds.</param>
/// <param name="Count">Number of elements, or of bytes where the class does not say what it holds.</param>
internal sealed record TorchStorage(string Key, PickleGlobal Kind, long Count);
