using System.Collections.Immutable;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints.PyTorch;

/// <summary>A tensor in a PyTorch file, with its place.</summary>
/// <param name="Name">Name of the tensor.</param>
/// <param name="Type">Type of the elements.</param>
/// <param name="Sizes">Sizes of the dimensions, outermost first.</param>
/// <param name="Order">Offset of the first element in the file, in bytes, by which tensors are ordered.</param>
/// <param name="View">How the elements lie; null where they lie one after the other.</param>
internal sealed record TorchWeight(string Name, ElementType Type, ImmutableArray<long> Sizes, long Order, StridedView? View);
