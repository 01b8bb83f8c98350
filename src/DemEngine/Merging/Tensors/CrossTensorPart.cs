using DemEngine.Checkpoints.Layers;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Statistics;
using DemEngine.Methods.Definition;

namespace DemEngine.Merging.Tensors;

/// <summary>One tensor's part in a cross-tensor statistic.</summary>
/// <param name="Tensor">Name of the tensor.</param>
/// <param name="Order">Position of the statistic among those of the tensor.</param>
/// <param name="Measurement">Statistic to compute.</param>
/// <param name="Inputs">Inputs that the statistic is computed from.</param>
/// <param name="ElementSize">Bytes per element of the output tensor.</param>
/// <param name="ElementBytes">Bytes read from files for each element.</param>
internal sealed record CrossTensorPart(
    string Tensor,
    int Order,
    Statistic Measurement,
    DeltaInputs Inputs,
    int ElementSize,
    long ElementBytes)
{
    /// <summary>
    /// Groups the parts that are computed together. Parts are sorted by tensor name, so that the order does not depend on shards
    /// or files.
    /// </summary>
    /// <param name="parts">Parts of all tensors of a plan.</param>
    /// <param name="needed">
    /// Names of the tensors that are to be made: groups without any of them are left out. Null for all tensors.
    /// </param>
    public static IEnumerable<CrossTensorPart[]> Groups(
        IEnumerable<CrossTensorPart> parts, IReadOnlySet<string>? needed = null)
    {
        CrossTensorPart[] all = [.. parts.OrderBy(part => part.Tensor, StringComparer.Ordinal)];
        var layers = new NetworkLayers(all.Select(part => part.Tensor).Distinct(StringComparer.Ordinal));
        return all.GroupBy(part => (part.Order, part.Measurement.GetType(), part.GroupIn(layers)))
            .OrderBy(group => group.Key.Order)
            .Where(group => needed is null || group.Any(part => needed.Contains(part.Tensor)))
            .Select(group => group.ToArray());
    }

    /// <summary>Returns the number of bytes that cross-tensor statistics usually read from files.</summary>
    /// <param name="tensors">Tensors of a plan.</param>
    /// <param name="needed">Names of the tensors that are to be made; null for all of them.</param>
    public static long BytesRead(IEnumerable<OutputTensor> tensors, IReadOnlySet<string>? needed = null) =>
        Groups(tensors.SelectMany(tensor => tensor.CrossTensorParts), needed).Sum(BytesRead);

    /// <summary>Returns the number of bytes that one statistic usually reads from files.</summary>
    /// <param name="members">Parts of the tensors that are measured together.</param>
    public static long BytesRead(CrossTensorPart[] members) =>
        StatisticsPasses.Passes(members[0].Measurement) * members.Sum(member => member.Inputs.Elements * member.ElementBytes);

    /// <summary>Name of the group of tensors that share the statistic: those of a layer, or all.</summary>
    private string GroupIn(NetworkLayers layers)
    {
        if (Measurement.Scope == MergeScope.Model)
            return "";
        LayerPlace place = layers.Of(Tensor);
        return place.Stack is null ? Tensor : place.Module;
    }
}
