using DemEngine.Checkpoints.Layers;

namespace DemEngine.Analysis;

/// <summary>
/// Groups tensors by their layer, or outside any layer by their module, and puts the groups in the order of the network:
/// embeddings, vision and sound, encoder, decoder, and last the output matrix. Within each the layers come by number and then
/// what follows them, such as a final norm. The order on disk is mostly that of the names, in which layer 10 comes before layer
/// 2.
/// </summary>
internal sealed class NetworkOrder
{
    private static readonly string[] Senses = ["vision", "visual", "vit", "image", "audio", "speech"];
    private static readonly string[] Bridges = ["projector", "connector", "merger", "aligner", "resampler"];

    private readonly NetworkLayers _layers;
    private readonly string[] _stacks;

    /// <param name="tensors">Names of all tensors.</param>
    public NetworkOrder(IReadOnlyCollection<string> tensors)
    {
        _layers = new NetworkLayers(tensors);
        _stacks = [.. _layers.Stacks.OrderBy(RegionOf).ThenBy(stack => stack, StringComparer.Ordinal)];
        Groups =
        [
            .. tensors.GroupBy(GroupOf, StringComparer.Ordinal)
                .OrderBy(group => Place(group.First())).ThenBy(group => group.Key, StringComparer.Ordinal)
                .Select(group => group.Key),
        ];
    }

    /// <summary>Names of the groups, in the order of the network.</summary>
    public IReadOnlyList<string> Groups { get; }

    /// <summary>Returns the group of a tensor, such as <c>encoder.block.3</c> or <c>model.norm</c>.</summary>
    public string GroupOf(string tensor)
    {
        LayerPlace place = _layers.Of(tensor);
        if (place.Stack is not null)
            return place.Module;
        int dot = tensor.LastIndexOf('.');
        return dot <= 0 ? tensor : tensor[..dot];
    }

    /// <summary>Orders stacks: what sees and hears, then encoders, then decoders and what is neither.</summary>
    private static int RegionOf(string stack)
    {
        string[] parts = stack.Split('.');
        if (parts.Any(part => Senses.Any(sense => part.StartsWith(sense, StringComparison.Ordinal))))
            return 0;
        string? side = parts.FirstOrDefault(part => part.StartsWith("encoder", StringComparison.Ordinal)
            || part.StartsWith("decoder", StringComparison.Ordinal));
        return side?[0] == 'e' ? 1 : 2;
    }

    private (int Region, int Stack, int Part, int Layer) Place(string tensor)
    {
        LayerPlace place = _layers.Of(tensor);
        if (place.Stack is not null)
            return (1, Array.IndexOf(_stacks, place.Stack), 1, place.Layer);

        bool isFirst = _layers.PositionOf(tensor) == NetworkPosition.Before;
        bool isBridge = IsBridge(tensor);
        int owner = OwnerOf(tensor);
        return owner < 0 ? (isFirst ? 0 : 2, 0, 0, 0) : (1, owner, isBridge ? 3 : isFirst ? 0 : 2, 0);
    }

    /// <summary>Whether a tensor leads from what sees or hears to the language model.</summary>
    private static bool IsBridge(string tensor) => Bridges.Any(bridge => tensor.Contains(bridge, StringComparison.Ordinal));

    /// <summary>
    /// Returns the stack that a tensor lies beside: <c>encoder.final_layer_norm</c> belongs to <c>encoder.block</c>. It is the
    /// one with which its name has most parts in common; −1 if there are none.
    /// </summary>
    private int OwnerOf(string tensor)
    {
        string[] parts = tensor.Split('.');
        if (IsBridge(tensor) && Array.FindLastIndex(_stacks, stack => RegionOf(stack) == 0) is var sense and >= 0)
            return sense;

        int owner = -1, most = 0, length = 0;
        for (int k = 0; k < _stacks.Length; k++)
        {
            string[] path = _stacks[k].Split('.')[..^1];
            int common = path.Zip(parts).TakeWhile(pair => pair.First == pair.Second).Count();
            if (path.Length == 0 ? owner < 0 : common > most || (common == most && common > 0 && path.Length < length))
                (owner, most, length) = (k, common, path.Length);
        }

        return owner;
    }
}
