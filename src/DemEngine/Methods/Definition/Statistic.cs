using DemEngine.Numerics;

namespace DemEngine.Methods.Definition;

/// <summary>Over which elements a measurement is taken together.</summary>
public enum MergeScope
{
    /// <summary>Each tensor by itself.</summary>
    Tensor,

    /// <summary>All tensors of a layer; those outside the layers by themselves.</summary>
    Layer,

    /// <summary>All tensors.</summary>
    Model,
}

/// <summary>
/// Something a method must know before it can solve for a tensor's coefficients. A method makes one for each tensor and reads its result once
/// the tensors in its scope have been streamed; how that is done is not its business.
/// </summary>
public abstract class Statistic
{
    private protected Statistic(MergeScope scope, string terms)
    {
        Scope = scope;
        Terms = terms;
    }

    /// <summary>Over which elements together.</summary>
    public MergeScope Scope { get; }

    /// <summary>What is measured, in a word.</summary>
    public abstract string Subject { get; }

    /// <summary>What is asked, in words, by which several measurements are known to ask the same: nothing else about them may differ but the tensor.</summary>
    public string Terms { get; }

    /// <summary>Takes the results of one that asks the same.</summary>
    internal abstract void TakeFrom(Statistic other);

    private protected static InvalidOperationException NotMeasured() => new("not measured yet");
}

/// <summary>The Gram matrix of the sources; of their differences from the base where that is subtracted, the base coming last.</summary>
public sealed class GramStatistic() : Statistic(MergeScope.Tensor, terms: "")
{
    private GramMatrix? _result;

    /// <inheritdoc/>
    public override string Subject => "dot products";

    /// <summary>What was measured.</summary>
    /// <exception cref="InvalidOperationException">It has not been measured yet.</exception>
    public GramMatrix Result => _result ?? throw NotMeasured();

    /// <summary>Takes what was measured.</summary>
    internal void Complete(GramMatrix result) => _result = result;

    internal override void TakeFrom(Statistic other) => Complete(((GramStatistic)other).Result);
}
