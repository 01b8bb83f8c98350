using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Demonstration;

/// <summary>How far models lie from their base, and in which directions: one pass over all of them.</summary>
internal static class DemoDistances
{
    private const int TileElements = 1 << 20;

    /// <summary>Measures the differences from the base.</summary>
    /// <returns>Their Gram matrix over all tensors, the base itself coming last.</returns>
    public static GramMatrix Measure(string basePath, IReadOnlyList<string> paths, IMergeBackend backend, CancellationToken cancel)
    {
        Checkpoint[] models = [.. paths.Prepend(basePath).Select(path => Checkpoint.Open(path))];
        try
        {
            using ITileWorker worker = backend.CreateWorker();
            var total = new GramMatrix(models.Length);
            double[] sums = new double[GramOrder.LeafCount(TileElements) * total.Upper.Length];
            foreach (StoredTensor tensor in models[0].Tensors)
            {
                StoredTensor[] tensors = [.. models.Select(model => model.Find(tensor.Spec.Name)!)];
                for (long first = 0; first < tensor.Spec.Shape.ElementCount; first += TileElements)
                {
                    cancel.ThrowIfCancellationRequested();
                    int count = (int)Math.Min(TileElements, tensor.Spec.Shape.ElementCount - first);
                    TypedBytes[] parts = [.. tensors.Select(one => one.Read(first, count, default))];
                    Span<double> leafSums = sums.AsSpan(0, GramOrder.LeafCount(count) * total.Upper.Length);
                    worker.Gram(relativeToBase: true, parts, leafSums);
                    for (int at = 0; at < leafSums.Length; at += total.Upper.Length)
                        total.Add(leafSums.Slice(at, total.Upper.Length));
                }
            }

            return total;
        }
        finally
        {
            foreach (Checkpoint model in models)
                model.Dispose();
        }
    }
}
