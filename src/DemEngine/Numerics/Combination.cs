namespace DemEngine.Numerics;

/// <summary>
/// Formula that computes the elements of a merged tensor: one of a small closed family, each with its arithmetic defined to the
/// bit.
/// </summary>
public abstract class Combination
{
    private protected Combination()
    {
    }
}
