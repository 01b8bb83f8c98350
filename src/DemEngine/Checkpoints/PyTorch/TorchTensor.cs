using DemEngine.Checkpoints.Pickles;

namespace DemEngine.Checkpoints.PyTorch;

/// <summary>View of a storage, as a pickle describes it: nothing of it is checked yet.</summary>
/// <param name="Storage">The storage.</param>
/// <param name="Type">Element type, where the storage's class does not say it; else null.</param>
/// <param name="First">Place of the first element in the storage.</param>
/// <param name="Sizes">Sizes of the dimensions, outermost first.</param>
/// <param name="Strides">Distances of neighbours along each dimension, in elements.</param>
internal sealed record TorchTensor(TorchStorage Storage, PickleGlobal? Type, long First, long[] Sizes, long[] Strides);
