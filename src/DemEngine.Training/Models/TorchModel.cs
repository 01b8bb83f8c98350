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
using static TorchSharp.torch;

namespace DemEngine.Training.Models;

/// <summary>A model in memory: weights as one vector of binary32 on the processor. Evaluators take it as they take one on disk.</summary>
public sealed class TorchModel : IModelWeights, IDisposable
{
    private readonly Dictionary<string, TensorSlice> _byName;
    private readonly Lazy<DirectoryInfo> _folder;

    /// <param name="name">Names it in messages.</param>
    /// <param name="config">Its shape and constants.</param>
    /// <param name="layout">Of the configuration.</param>
    /// <param name="weights">[all weights]; disposed with the model.</param>
    internal TorchModel(string name, LlamaConfig config, ParameterLayout layout, Tensor weights)
    {
        Name = name;
        Config = config;
        Layout = layout;
        Weights = weights;
        _byName = LlamaTensors.Of(config).ToDictionary(
            tensor => tensor.Name, tensor => new TensorSlice(tensor.Name, tensor.Shape, weights, layout[tensor.Name].Offset), StringComparer.Ordinal);
        Tensors = [.. _byName.Values.Select(tensor => tensor.Spec)];
        _folder = new Lazy<DirectoryInfo>(() =>
        {
            DirectoryInfo folder = Directory.CreateTempSubdirectory("dem-model-");
            Save(Path.Combine(folder.FullName, "model"), ElementType.F32);
            return folder;
        });
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public LlamaConfig Config { get; }

    /// <summary>Where each weight lies.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>[all weights], binary32, on the processor.</summary>
    public Tensor Weights { get; }

    /// <inheritdoc/>
    /// <remarks>In the order of the network.</remarks>
    public ImmutableArray<TensorSpec> Tensors { get; }

    /// <inheritdoc/>
    public string Folder => Path.Combine(_folder.Value.FullName, "model");

    /// <summary>Reads a model: exact, except that binary64 is rounded.</summary>
    /// <exception cref="DemException">DEM2103: its tensors are not those of its configuration. DEM1021: Torch is not there.</exception>
    public static TorchModel Read(IModelWeights model)
    {
        TorchLibrary.Load();
        var layout = new ParameterLayout(model.Config);
        return new TorchModel(model.Name, model.Config, layout, FlatWeights.Read(layout, model));
    }

    /// <summary>Draws a model to start from, as <see cref="RandomWeights"/> says.</summary>
    /// <param name="config">Its shape.</param>
    /// <param name="seed">The same seed gives the same weights.</param>
    /// <exception cref="DemException">DEM1021: Torch is not there.</exception>
    public static TorchModel Draw(LlamaConfig config, long seed)
    {
        TorchLibrary.Load();
        var layout = new ParameterLayout(config);
        return new TorchModel($"random, seed {seed}", config, layout, RandomWeights.Draw(config, layout, seed));
    }

    /// <inheritdoc/>
    public ITensorData? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>A model of its own with the same weights.</summary>
    /// <param name="name">Names it in messages.</param>
    public TorchModel Copy(string name) => new(name, Config, Layout, Weights.clone().DetachFromDisposeScope());

    /// <summary>Plans a checkpoint of the model for <see cref="OutputRun"/>; valid until the model is disposed.</summary>
    /// <param name="description">What was done, for the manifest.</param>
    /// <param name="inputs">What it was made from.</param>
    /// <param name="type">Of the elements.</param>
    /// <param name="sideFiles">Small files that go with the weights; a <c>config.json</c> is made if none is among them.</param>
    /// <param name="maxShardBytes">See <see cref="ShardLayout.Plan"/>.</param>
    public OutputPlan Plan(
        string description, IEnumerable<ManifestInput> inputs, ElementType type, IReadOnlyDictionary<string, byte[]> sideFiles,
        long maxShardBytes = ShardLayout.DefaultMaxShardBytes)
    {
        var files = new Dictionary<string, byte[]>(sideFiles, StringComparer.Ordinal);
        files.TryAdd(LlamaConfig.FileName, Config.ToJson(type));
        return SavePlanner.Plan("train", description, inputs, Tensors.Select(tensor => _byName[tensor.Name]), type, files, maxShardBytes);
    }

    /// <summary>Writes the model into a folder, which must not be there.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="type">Of the elements.</param>
    /// <exception cref="DemException">DEM1002, DEM4001, DEM4002; DEM4004: there are infinities or NaNs in it.</exception>
    public void Save(string folder, ElementType type)
    {
        using var backend = new CpuBackend();
        OutputRun.Execute(
            Plan(Name, [], type, new Dictionary<string, byte[]>()), folder, backend, new RunOptions { Unfinished = UnfinishedRun.Restart });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Weights.Dispose();
        if (_folder.IsValueCreated)
            _folder.Value.Delete(recursive: true);
    }
}
