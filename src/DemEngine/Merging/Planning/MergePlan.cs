using DemEngine.Merging.Tensors;

namespace DemEngine.Merging.Planning;

/// <summary>A planned merge together with the models that it keeps open.</summary>
public sealed class MergePlan : IDisposable
{
    private readonly MatchedModels _models;

    internal MergePlan(OutputPlan plan, MatchedModels models)
    {
        Plan = plan;
        _models = models;
    }

    /// <summary>The plan of everything that will be read and written.</summary>
    public OutputPlan Plan { get; }

    /// <summary>Closes the models.</summary>
    public void Dispose() => _models.Dispose();
}
