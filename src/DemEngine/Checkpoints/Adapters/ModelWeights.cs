using DemEngine.Checkpoints.Decoding;
using DemEngine.Checkpoints.Forms;
using DemEngine.Checkpoints.Pipelines;
using DemEngine.Files;

namespace DemEngine.Checkpoints.Adapters;

/// <summary>
/// Opens models to compute with their weights, whatever form they are stored in: plain, quantised, or with an adapter.
/// </summary>
internal static class ModelWeights
{
    /// <summary>Opens a model.</summary>
    /// <param name="path">
    /// Path of a folder or of a file; see <see cref="Checkpoint.Open(string, IoMode)"/>. With <c>+</c> and the path of an adapter
    /// after it, the model with that adapter.
    /// </param>
    /// <param name="io">Way of reading the files.</param>
    /// <param name="known">
    /// A model that is open already, and stays its owner's. An adapter of the model of that path is put on it, so that what it
    /// changes is known without a comparison; null for none.
    /// </param>
    /// <exception cref="DemException">
    /// DEM2024 to DEM2026: the checkpoint holds no plain weights, and no quantised ones that are read. Any error of
    /// <see cref="Checkpoint.Open(string, IoMode)"/>, <see cref="DecodedModel.Of"/> and <see cref="AdaptedModel.Of"/>.
    /// </exception>
    public static Checkpoint Open(string path, IoMode io = IoMode.Mmap, Checkpoint? known = null) =>
        AdaptedOf(path) is { } adapted ? Open(adapted, io, known) : Require(OpenOne(path, io));

    /// <summary>
    /// Opens a model of any contents, or all components of a pipeline, with real values where they can be told.
    /// </summary>
    /// <param name="path">Path as in <see cref="Open(string, IoMode, Checkpoint?)"/>, or of the root of a pipeline.</param>
    /// <param name="io">Way of reading the files.</param>
    public static Checkpoint OpenAny(string path, IoMode io) => PipelineFolder.IsRoot(path)
        ? PipelineModel.Open(path, part => OpenOne(part.Weights, io))
        : OpenOne(path, io);

    private static Checkpoint OpenOne(string path, IoMode io)
    {
        Checkpoint stored = OpenOneStored(path, io);
        try
        {
            return DecodedModel.Of(stored);
        }
        catch
        {
            stored.Dispose();
            throw;
        }
    }

    /// <summary>Opens a model or an adapter as it is stored, and a model with an adapter with its real values.</summary>
    /// <param name="path">
    /// Path as in <see cref="Open(string, IoMode, Checkpoint?)"/>, or that of an adapter alone, or of the root of a pipeline.
    /// </param>
    /// <param name="io">Way of reading the files.</param>
    public static Checkpoint OpenStored(string path, IoMode io) => PipelineFolder.IsRoot(path)
        ? PipelineModel.Open(path, part => OpenOneStored(part.Weights, io))
        : OpenOneStored(path, io);

    private static Checkpoint OpenOneStored(string path, IoMode io) =>
        AdaptedOf(path) is { } adapted ? Open(adapted, io, known: null)
        : Checkpoint.Open(AdapterFiles.IsFolder(path) ? AdapterFiles.Find(path) : path, io);

    private static AdaptedPath? AdaptedOf(string path) => Path.Exists(path) ? null : AdaptedPath.Find(path);

    /// <summary>Opens a model with an adapter, or a component of a pipeline with its part of one.</summary>
    /// <param name="path">Paths of both.</param>
    /// <param name="io">Way of reading the files.</param>
    /// <param name="known">A model that is open already; see <see cref="Open(string, IoMode, Checkpoint?)"/>.</param>
    public static Checkpoint Open(AdaptedPath path, IoMode io, Checkpoint? known)
    {
        bool isKnown = known is not null && !known.IsAdapted && Path.GetFullPath(known.Path) == Path.GetFullPath(path.Model);
        Checkpoint model = isKnown ? known! : Require(OpenOne(path.Model, io));
        Checkpoint? adapter = null;
        try
        {
            adapter = Checkpoint.Open(AdapterFiles.Find(path.Adapter), io);
            Checkpoint adapted = AdaptedModel.Of(model, adapter, path.Part);
            adapted.Own(isKnown ? [adapter] : [model, adapter]);
            return adapted;
        }
        catch
        {
            adapter?.Dispose();
            if (!isKnown)
                model.Dispose();
            throw;
        }
    }

    private static Checkpoint Require(Checkpoint model)
    {
        try
        {
            PlainWeights.Require(model);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }
}
