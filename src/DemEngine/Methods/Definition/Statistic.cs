using DemEngine.Numerics;

namespace DemEngine.Methods.Definition;

/// <summary>Set of elements over which a statistic is computed.</summary>
public enum MergeScope
{
    /// <summary>Computed for each tensor separately.</summary>
    Tensor,

    /// <summary>Computed over all tensors of a layer together, and for each tensor outside the layers separately.</summary>
    Layer,

    /// <summary>Computed over all tensors of the model together.</summary>
    Model,
}

/// <summary>
/// Statistic that a method needs before it can solve for a tensor's coefficients. A method creates one for each tensor and reads
/// its result once the tensors in its scope have been streamed. The streaming itself is done elsewhere.
/// </summary>
public abstract class Statistic
{
    private protected Statistic(MergeScope scope, object request)
    {
        Scope = scope;
        Request = request;
    }

    /// <summary>Set of elements over which the statistic is computed.</summary>
    public MergeScope Scope { get; }

    /// <summary>Name of what is computed, in a word or two.</summary>
    public abstract string Subject { get; }

    /// <summary>
    /// Request as a value: all that the result depends on besides the tensor. Its text tells users what is asked for.
    /// </summary>
    internal object Request { get; }

    /// <summary>Text of the request for messages.</summary>
    internal virtual string RequestText => $"{Request}".Trim('[', ']');

    /// <summary>Key that equals that of another statistic if both ask for the same, so that one result serves both.</summary>
    internal object Key => (GetType(), Scope, Request);

    /// <summary>Copies the result of a statistic that asks for the same.</summary>
    internal abstract void TakeFrom(Statistic other);

    private protected static InvalidOperationException NotMeasured() => new("not measured yet");
}

/// <summary>
/// Gram matrix of the sources, or, where the base is subtracted, of their differences from it and then the base itself.
/// </summary>
public sealed class GramStatistic() : Statistic(MergeScope.Tensor, request: "")
{
    private GramMatrix? _result;

    /// <inheritdoc/>
    public override string Subject => "dot products";

    /// <summary>Result of the statistics pass.</summary>
    /// <exception cref="InvalidOperationException">The statistic has not been computed yet.</exception>
    public GramMatrix Result => _result ?? throw NotMeasured();

    /// <summary>Stores the result of the statistics pass.</summary>
    internal void Complete(GramMatrix result) => _result = result;

    internal override void TakeFrom(Statistic other) => Complete(((GramStatistic)other).Result);
}
