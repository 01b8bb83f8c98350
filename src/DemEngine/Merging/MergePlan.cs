namespace DemEngine.Merging;

/// <summary>A planned merge and the models that it holds open.</summary>
public sealed class MergePlan : IDisposable
{
    private readonly OpenedModels _opened;

    internal MergePlan(OutputPlan plan, OpenedModels opened)
    {
        Plan = plan;
        _opened = opened;
    }

    /// <summary>What will be read and written.</summary>
    public OutputPlan Plan { get; }

    /// <summary>Closes the models.</summary>
    public void Dispose() => _opened.Dispose();
}
