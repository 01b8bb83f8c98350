namespace DemEngine.Checkpoints.Pipelines;

/// <summary>A component of a pipeline that has weights.</summary>
/// <param name="Name">Name of the component.</param>
/// <param name="Weights">Path of its weights, a folder or a file.</param>
internal sealed record PipelineComponent(string Name, string Weights);

/// <summary>
/// A diffusers pipeline as one model, to look at: its tensors are those of its components, under names that begin with the
/// component's and a dot, as in <c>unet.conv_in.weight</c>.
/// </summary>
internal static class PipelineModel
{
    /// <summary>Opens all components.</summary>
    /// <param name="path">Path of the pipeline's root.</param>
    /// <param name="open">Function that opens a component, which is disposed with the whole.</param>
    /// <exception cref="DemException">Any error of <see cref="PipelineFolder.Open"/>.</exception>
    public static Checkpoint Open(string path, Func<PipelineComponent, Checkpoint> open)
    {
        var parts = new List<(string Name, Checkpoint Model)>();
        try
        {
            foreach (PipelineComponent component in ComponentsOf(path))
                parts.Add((component.Name, open(component)));
            var whole = Checkpoint.Together(path, parts);
            whole.Own([.. parts.Select(part => part.Model)]);
            return whole;
        }
        catch
        {
            foreach (var (_, model) in parts)
                model.Dispose();
            throw;
        }
    }

    /// <summary>Finds the components with weights, in the order of the index.</summary>
    /// <param name="path">Path of the pipeline's root.</param>
    public static PipelineComponent[] ComponentsOf(string path)
    {
        PipelineFolder folder = PipelineFolder.Open(path);
        return [.. folder.Components.Select(name => new PipelineComponent(name, folder.WeightsOf(name)!))];
    }
}
