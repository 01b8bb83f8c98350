using DemEngine.Errors;
using DemEngine.Merging.Options;

namespace DemEngine.Merging.Output;

/// <summary>A tensor with infinities or NaNs.</summary>
/// <param name="Tensor">Its name.</param>
/// <param name="Inputs">How many were met in the inputs.</param>
/// <param name="Outputs">How many were written.</param>
public sealed record NonFiniteTensor(string Tensor, long Inputs, long Outputs)
{
    /// <summary>Refuses infinities and NaNs in what was made, if the policy says so.</summary>
    /// <param name="tensors">Tensors that have some, in their inputs or in what was made.</param>
    /// <param name="policy">What to do about them.</param>
    /// <exception cref="DemException">DEM4004.</exception>
    internal static void Refuse(IEnumerable<NonFiniteTensor> tensors, NonFinitePolicy policy)
    {
        NonFiniteTensor[] written = [.. tensors.Where(tensor => tensor.Outputs > 0)];
        if (written.Length == 0 || policy == NonFinitePolicy.Warn)
            return;

        throw new DemException(
            ErrorCode.NonFiniteOutput,
            $"{written.Sum(tensor => tensor.Outputs)} infinities or NaNs ({written.Sum(tensor => tensor.Inputs)} in the inputs) in {Quoted.List([.. written.Select(tensor => tensor.Tensor)])}");
    }
}
