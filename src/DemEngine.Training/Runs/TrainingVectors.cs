using static TorchSharp.torch;

namespace DemEngine.Training.Runs;

/// <summary>The vectors from which a run can be continued, each [all weights] and binary32.</summary>
/// <param name="Weights">Current weights of the optimiser.</param>
/// <param name="FirstMoment">First moment m of the optimiser.</param>
/// <param name="SecondMoment">Second moment v of the optimiser.</param>
/// <param name="Best">Weights with the minimum validation loss.</param>
internal sealed record TrainingVectors(Tensor Weights, Tensor FirstMoment, Tensor SecondMoment, Tensor Best);
