namespace DemEngine.Numerics;

/// <summary>
/// What the elements of a merged tensor are computed by: one of a small closed family, each with its arithmetic fixed to the bit.
/// </summary>
public abstract class Combination
{
    private protected Combination()
    {
    }
}
