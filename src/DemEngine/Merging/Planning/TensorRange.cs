namespace DemEngine.Merging.Planning;

/// <summary>Tensors of a plan that follow each other in its layout.</summary>
/// <param name="First">Position of the first tensor.</param>
/// <param name="Count">Number of tensors.</param>
internal readonly record struct TensorRange(int First, int Count)
{
    /// <summary>Position after the last tensor.</summary>
    public int End => First + Count;
}
