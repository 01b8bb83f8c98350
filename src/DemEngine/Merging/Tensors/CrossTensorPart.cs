using DemEngine.Checkpoints;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Statistics;
using DemEngine.Methods.Definition;

namespace DemEngine.Merging.Tensors;

/// <summary>One tensor's part in a measurement over several tensors together.</summary>
/// <param name="Tensor">The tensor's name.</param>
/// <param name="Order">Its place among the tensor's measurements.</param>
/// <param name="Measurement">What is measured.</param>
/// <param name="Inputs">What it is measured of.</param>
/// <param name="ElementSize">Bytes of an element of the tensor that is made.</param>
/// <param name="ElementBytes">Bytes that are read from files for each element.</param>
internal sealed record CrossTensorPart(string Tensor, int Order, Statistic Measurement, DeltaInputs Inputs, int ElementSize, long ElementBytes)
{
    /// <summary>Names the tensors that are measured together: those of a layer, or all.</summary>
    private string Group
    {
        get
        {
            if (Measurement.Scope == MergeScope.Model)
                return "";
            var place = LayerName.Parse(Tensor);
            return place.Stack is null ? Tensor : $"{place.Stack}.{place.Layer}";
        }
    }

    /// <summary>Parts that are measured together, in the order of names, so that neither shards nor files show in what comes before what.</summary>
    public static IEnumerable<CrossTensorPart[]> Groups(IEnumerable<CrossTensorPart> parts) =>
        parts.OrderBy(part => part.Tensor, StringComparer.Ordinal)
            .GroupBy(part => (part.Order, part.Measurement.GetType(), part.Group))
            .OrderBy(group => group.Key.Order)
            .Select(group => group.ToArray());

    /// <summary>Bytes that measuring usually reads from files.</summary>
    /// <param name="tensors">The tensors of a plan.</param>
    public static long BytesRead(IEnumerable<OutputTensor> tensors) => Groups(tensors.SelectMany(tensor => tensor.CrossTensorParts)).Sum(members =>
        StatisticsPasses.Passes(members[0].Measurement) * members.Sum(member => member.Inputs.Elements * member.ElementBytes));
}
