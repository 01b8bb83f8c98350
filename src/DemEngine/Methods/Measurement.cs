using DemEngine.Numerics;

namespace DemEngine.Methods;

/// <summary>
/// Something a method must know of a tensor before it can solve for the coefficients. A method makes one and reads its result once the
/// tensor has been streamed; how that is done is not its business.
/// </summary>
public abstract class Measurement
{
    private protected Measurement()
    {
    }
}

/// <summary>The Gram matrix of the sources; of their differences from the base where that is subtracted, the base coming last.</summary>
public sealed class GramMeasurement : Measurement
{
    private GramMatrix? _result;

    /// <summary>What was measured.</summary>
    /// <exception cref="InvalidOperationException">It has not been measured yet.</exception>
    public GramMatrix Result => _result ?? throw new InvalidOperationException("not measured yet");

    /// <summary>Takes what was measured.</summary>
    internal void Complete(GramMatrix result) => _result = result;
}
