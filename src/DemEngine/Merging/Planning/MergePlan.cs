using DemEngine.Merging.Tensors;

namespace DemEngine.Merging.Planning;

/// <summary>A planned merge and the models that it holds open.</summary>
public sealed class MergePlan : IDisposable
{
    private readonly MatchedModels _models;

    internal MergePlan(OutputPlan plan, MatchedModels models)
    {
        Plan = plan;
        _models = models;
    }

    /// <summary>What will be read and written.</summary>
    public OutputPlan Plan { get; }

    /// <summary>Closes the models.</summary>
    public void Dispose() => _models.Dispose();
}
