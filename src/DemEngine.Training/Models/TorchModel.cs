using System.Collections.Immutable;
using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Language;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;
using DemEngine.Stores;
using static TorchSharp.torch;

namespace DemEngine.Training.Models;

/// <summary>
/// A model in memory, with its weights as one vector on the processor: of binary32, except where it is only the start of an
/// adapter and held as it is stored. Evaluators accept it like one on disk.
/// </summary>
public sealed class TorchModel : IModelWeights, IDisposable
{
    private readonly Dictionary<string, TensorSlice> _byName;
    private readonly Lazy<DirectoryInfo> _folder;

    /// <param name="name">Name of the model in messages.</param>
    /// <param name="config">Configuration of the model.</param>
    /// <param name="layout">Layout of the weights of the configuration.</param>
    /// <param name="weights">Vector [all weights]; disposed with the model.</param>
    internal TorchModel(string name, LlamaConfig config, ParameterLayout layout, Tensor weights)
    {
        Name = name;
        Config = config;
        Layout = layout;
        Weights = weights;
        _byName = LlamaTensors.Of(config).ToDictionary(
            tensor => tensor.Name,
            tensor => new TensorSlice(tensor.Name, tensor.Shape, weights, layout[tensor.Name].Offset),
            StringComparer.Ordinal);
        Tensors = [.. _byName.Values.Select(tensor => tensor.Spec)];
        _folder = new Lazy<DirectoryInfo>(() =>
        {
            DirectoryInfo folder = TemporaryFolder.Create("dem-model-");
            Save(Path.Combine(folder.FullName, "model"), ElementType.F32);
            return folder;
        });
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public LlamaConfig Config { get; }

    /// <summary>Layout of the weights in the vector.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>Vector [all weights] on the processor.</summary>
    public Tensor Weights { get; }

    /// <inheritdoc/>
    /// <remarks>The tensors are in the order of the network.</remarks>
    public ImmutableArray<TensorSpec> Tensors { get; }

    /// <inheritdoc/>
    public string Folder => Path.Combine(_folder.Value.FullName, "model");

    /// <summary>Reads a model: exact, except that binary64 is rounded.</summary>
    /// <exception cref="DemException">
    /// DEM2103 (WrongTensors): its tensors are not those of its configuration. DEM1021 (TorchNotLoaded): Torch is not available.
    /// </exception>
    public static TorchModel Read(IModelWeights model)
    {
        TorchLibrary.Load();
        var layout = new ParameterLayout(model.Config);
        return new TorchModel(model.Name, model.Config, layout, FlatWeights.Read(layout, model));
    }

    /// <summary>
    /// Reads a model in the type in which it is stored where that is the same for all weights, and otherwise as binary32. No more
    /// memory is needed than the model itself takes.
    /// </summary>
    /// <param name="model">Model to read, whose elements should not be mapped into memory.</param>
    /// <exception cref="DemException">The errors of <see cref="Read"/>.</exception>
    internal static TorchModel ReadAsStored(IModelWeights model)
    {
        TorchLibrary.Load();
        var layout = new ParameterLayout(model.Config);
        return new TorchModel(
            model.Name, model.Config, layout, FlatWeights.Read(layout, model, FlatWeights.StoredType(model)));
    }

    /// <summary>Draws the initial weights of a new model; see <see cref="RandomWeights"/>.</summary>
    /// <param name="config">Configuration of the model.</param>
    /// <param name="seed">Random seed; the same seed gives the same weights.</param>
    /// <exception cref="DemException">DEM1021 (TorchNotLoaded): Torch is not available.</exception>
    public static TorchModel Draw(LlamaConfig config, long seed)
    {
        TorchLibrary.Load();
        var layout = new ParameterLayout(config);
        return new TorchModel($"random, seed {seed}", config, layout, RandomWeights.Draw(config, layout, seed));
    }

    /// <inheritdoc/>
    public ITensorData? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Makes an independent model with the same weights.</summary>
    /// <param name="name">Name of the copy in messages.</param>
    public TorchModel Copy(string name) => new(name, Config, Layout, Weights.clone().DetachFromDisposeScope());

    /// <summary>
    /// Plans a checkpoint of the model for <see cref="OutputRun"/>. The plan is valid until the model is disposed.
    /// </summary>
    /// <param name="description">Description of the operation, for the manifest.</param>
    /// <param name="inputs">Inputs that the model was made from.</param>
    /// <param name="type">Element type of the checkpoint.</param>
    /// <param name="sideFiles">
    /// Small files that accompany the weights. A <c>config.json</c> is added if there is none among them.
    /// </param>
    /// <param name="maxShardBytes">Maximum shard size in bytes; see <see cref="ShardLayout.Plan"/>.</param>
    public OutputPlan Plan(
        string description,
        IEnumerable<ManifestInput> inputs,
        ElementType type,
        IReadOnlyDictionary<string, byte[]> sideFiles,
        long maxShardBytes = ShardLayout.DefaultMaxShardBytes)
    {
        return Plan(Tensors.Select(tensor => _byName[tensor.Name]), description, inputs, type, sideFiles, maxShardBytes);
    }

    /// <summary>Plans a checkpoint of other tensors of the same names and shapes.</summary>
    internal OutputPlan Plan(
        IEnumerable<ITensorData> tensors,
        string description,
        IEnumerable<ManifestInput> inputs,
        ElementType type,
        IReadOnlyDictionary<string, byte[]> sideFiles,
        long maxShardBytes)
    {
        var files = new Dictionary<string, byte[]>(sideFiles, StringComparer.Ordinal);
        files.TryAdd(LlamaConfig.FileName, Config.ToJson(type));
        return SavePlanner.Plan("train", description, inputs, tensors, type, files, maxShardBytes);
    }

    /// <summary>Writes the model into a folder, which must not exist.</summary>
    /// <param name="folder">Path of the folder to create.</param>
    /// <param name="type">Element type of the checkpoint.</param>
    /// <exception cref="DemException">
    /// DEM1002 (OutputExists), DEM4001 (DiskFull), DEM4002 (WriteFailed); DEM4004 (NonFiniteOutput): the model holds infinities
    /// or NaNs.
    /// </exception>
    public void Save(string folder, ElementType type)
    {
        using var backend = new CpuBackend();
        OutputRun.Execute(
            Plan(Name, [], type, new Dictionary<string, byte[]>()),
            folder,
            backend,
            new RunOptions { Unfinished = UnfinishedRun.Restart });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Weights.Dispose();
        if (_folder.IsValueCreated)
            _folder.Value.Delete(recursive: true);
    }
}
