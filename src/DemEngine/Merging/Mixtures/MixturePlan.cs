using DemEngine.Merging.Models;
using DemEngine.Merging.Tensors;

namespace DemEngine.Merging.Mixtures;

/// <summary>A planned mixture of experts together with the models that it keeps open.</summary>
public sealed class MixturePlan : IDisposable
{
    private readonly OpenedModels _models;
    private readonly RouterRows? _routers;

    internal MixturePlan(OutputPlan plan, OpenedModels models, RouterRows? routers)
    {
        Plan = plan;
        _models = models;
        _routers = routers;
    }

    /// <summary>The plan of everything that will be read and written.</summary>
    public OutputPlan Plan { get; }

    /// <summary>
    /// Computes the routers where they are made from prompts. A run that carries out the plan does so by itself when it comes to
    /// the first router; done before, nothing is written yet if it fails or is stopped.
    /// </summary>
    /// <param name="cancel">Token by which the computation is stopped.</param>
    /// <exception cref="DemException">Any error of <see cref="IPromptVectors.Compute"/>.</exception>
    public void ComputeRouters(CancellationToken cancel = default) => _routers?.Compute(cancel);

    /// <summary>Closes the models.</summary>
    public void Dispose() => _models.Dispose();
}
