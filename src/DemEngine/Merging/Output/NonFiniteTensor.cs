using DemEngine.Errors;
using DemEngine.Merging.Options;

namespace DemEngine.Merging.Output;

/// <summary>A tensor with infinities or NaNs.</summary>
/// <param name="Tensor">Name of the tensor.</param>
/// <param name="Inputs">Number of infinities and NaNs found in the inputs.</param>
/// <param name="Outputs">Number of infinities and NaNs written to the output.</param>
public sealed record NonFiniteTensor(string Tensor, long Inputs, long Outputs)
{
    /// <summary>Lists those of finished tensors.</summary>
    /// <param name="entries">Journal entries of the tensors.</param>
    internal static NonFiniteTensor[] In(IEnumerable<JournalEntry> entries) =>
    [
        .. entries.Where(entry => entry.NonFinite != default)
            .Select(entry => new NonFiniteTensor(entry.Tensor, entry.NonFinite.Inputs, entry.NonFinite.Outputs)),
    ];

    /// <summary>Refuses infinities and NaNs in an output if the policy says so.</summary>
    /// <param name="tensors">Tensors that have some in their inputs or in the output.</param>
    /// <param name="policy">Policy for infinities and NaNs.</param>
    /// <exception cref="DemException">DEM4004 (NonFiniteOutput): the output holds infinities or NaNs.</exception>
    internal static void Refuse(IEnumerable<NonFiniteTensor> tensors, NonFinitePolicy policy)
    {
        NonFiniteTensor[] written = [.. tensors.Where(tensor => tensor.Outputs > 0)];
        if (written.Length == 0 || policy == NonFinitePolicy.Warn)
            return;

        throw new DemException(
            ErrorCode.NonFiniteOutput,
            $"{written.Sum(tensor => tensor.Outputs)} infinities or NaNs "
            + $"({written.Sum(tensor => tensor.Inputs)} in the inputs) "
            + $"in {Quoted.List([.. written.Select(tensor => tensor.Tensor)])}");
    }
}
