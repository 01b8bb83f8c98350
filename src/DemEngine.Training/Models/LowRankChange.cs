using static TorchSharp.torch;

namespace DemEngine.Training.Models;

/// <summary>A change s·B·A that is added to a matrix of a decoder while it computes, and trained in the matrix's place.</summary>
/// <param name="A">First factor A [r, inputs], binary32; backward passes add to its gradient.</param>
/// <param name="B">Second factor B [outputs, r], binary32; backward passes add to its gradient.</param>
/// <param name="Scale">Factor s.</param>
internal sealed record LowRankChange(Tensor A, Tensor B, double Scale);
