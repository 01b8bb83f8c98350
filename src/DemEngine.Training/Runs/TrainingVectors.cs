using static TorchSharp.torch;

namespace DemEngine.Training.Runs;

/// <summary>The vectors of a run, [all weights] each and binary32: what it goes on from.</summary>
/// <param name="Weights">As the optimiser has them.</param>
/// <param name="FirstMoment">The optimiser's m.</param>
/// <param name="SecondMoment">The optimiser's v.</param>
/// <param name="Best">The weights with the least validation loss.</param>
internal sealed record TrainingVectors(Tensor Weights, Tensor FirstMoment, Tensor SecondMoment, Tensor Best);
