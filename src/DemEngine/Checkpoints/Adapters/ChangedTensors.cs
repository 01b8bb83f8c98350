using DemEngine.Checkpoints.Adapters.Changes;
using DemEngine.Checkpoints.Decoding;
using DemEngine.Checkpoints.Quantized;

namespace DemEngine.Checkpoints.Adapters;

/// <summary>
/// The tensors of a model that an adapter changes, each by one of its modules, and the views that compute them.
/// </summary>
internal sealed class ChangedTensors
{
    private readonly Dictionary<StoredTensor, Func<StoredTensor, DecodedTensor>> _views = [];
    private readonly List<(StoredTensor Tensor, WeightMatrix Change)> _sums = [];
    private readonly Dictionary<StoredTensor, (AdapterModule Module, WeightMatrix?[] Matrices)> _experts = [];

    /// <summary>Number of tensors.</summary>
    public int Count => _views.Count + _experts.Count;

    /// <summary>Adds a tensor that is made in a way of its own.</summary>
    /// <param name="module">The module that changes it.</param>
    /// <param name="tensor">The tensor of the model.</param>
    /// <param name="view">What computes it.</param>
    /// <exception cref="DemException">DEM2048 (BadAdapter): it is changed already.</exception>
    public void Add(AdapterModule module, StoredTensor tensor, DecodedTensor view) => Add(module, tensor, _ => view);

    /// <summary>Adds a tensor that becomes w + m.</summary>
    /// <param name="module">The module that changes it.</param>
    /// <param name="tensor">The tensor w of the model.</param>
    /// <param name="change">The matrix m.</param>
    /// <exception cref="DemException">DEM2048 (BadAdapter): it is changed already.</exception>
    public void AddSum(AdapterModule module, StoredTensor tensor, WeightMatrix change)
    {
        Add(module, tensor, alone => new AdaptedTensor(tensor, change, alone));
        _sums.Add((tensor, change));
    }

    /// <summary>Adds the change of one expert's matrix in a tensor that holds those of all.</summary>
    /// <param name="module">The module that changes it.</param>
    /// <param name="tensor">The tensor of the model, experts × rows × columns.</param>
    /// <param name="change">The matrix m of the expert.</param>
    /// <param name="expert">Index of the expert.</param>
    /// <exception cref="DemException">DEM2048 (BadAdapter): the expert's matrix is changed already.</exception>
    public void AddExpert(AdapterModule module, StoredTensor tensor, WeightMatrix change, int expert)
    {
        if (!_experts.TryGetValue(tensor, out var ofTensor))
            _experts.Add(tensor, ofTensor = (module, new WeightMatrix?[(int)tensor.Spec.Shape.Rows]));
        if (ofTensor.Matrices[expert] is not null)
            throw ChangedTwice(module, tensor);
        ofTensor.Matrices[expert] = change;
    }

    /// <summary>
    /// The views by the tensors that they take the place of. Those of a file are placed behind each other, so that they are read
    /// as if from one file, and so are the changes alone.
    /// </summary>
    /// <param name="adapterPath">Path of the adapter, which the changes alone are told to be from.</param>
    /// <param name="start">Offset that is beyond all tensors of both.</param>
    /// <exception cref="DemException">
    /// DEM2048 (BadAdapter): a tensor that holds all experts is changed by another module as well.
    /// </exception>
    public Dictionary<StoredTensor, StoredTensor> Views(string adapterPath, long start)
    {
        foreach (var (tensor, (module, matrices)) in _experts)
            AddSum(module, tensor, new StackedMatrix(matrices));
        _experts.Clear();

        var alone = new DecodedShard(
            adapterPath, [.. _sums.Select(sum => new ChangeTensor(sum.Tensor, sum.Change))], start);
        Dictionary<StoredTensor, StoredTensor> changeOf = _sums.Select(sum => sum.Tensor).Zip(alone.Tensors)
            .ToDictionary(pair => pair.First, pair => pair.Second);
        var views = new Dictionary<StoredTensor, StoredTensor>();
        foreach (IGrouping<string, StoredTensor> file in _views.Keys.GroupBy(tensor => tensor.File, StringComparer.Ordinal))
        {
            StoredTensor[] own = [.. file.OrderBy(tensor => tensor.Offset).ThenBy(tensor => tensor.Spec.ByteLength)];
            var shard = new DecodedShard(
                file.Key, [.. own.Select(tensor => _views[tensor](changeOf.GetValueOrDefault(tensor, tensor)))], alone.Length);
            foreach (var (tensor, view) in own.Zip(shard.Tensors))
                views.Add(tensor, view);
        }

        return views;
    }

    private void Add(AdapterModule module, StoredTensor tensor, Func<StoredTensor, DecodedTensor> makeView)
    {
        if (!_views.TryAdd(tensor, makeView))
            throw ChangedTwice(module, tensor);
    }

    private static DemException ChangedTwice(AdapterModule module, StoredTensor tensor) =>
        AdapterFault.Wrong(module.Any, $"{tensor.Spec.Name} of the model is changed twice");
}
