using System.Runtime.InteropServices;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Statistics;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Merging.Quantizing;

/// <summary>
/// A tensor of a merge that is made and rounded to its plain type, a strip at a time, to be measured or quantised: what is
/// quantised is what would be written without quantisation.
/// </summary>
/// <param name="tensor">The tensor as it would be written without quantisation.</param>
internal sealed class MeasuredMatrix(OutputTensor tensor)
{
    // A strip and its values in binary32 stay in the second-level cache.
    private const int StripElements = 1 << 16;

    private bool _isMeasured;

    /// <summary>The tensor as it would be written without quantisation.</summary>
    public OutputTensor Tensor => tensor;

    /// <summary>Starts the passes that the tensor needs, and one that measures it.</summary>
    /// <param name="tileElements">Number of elements in a tile.</param>
    /// <param name="shared">Maxima that another tensor of the same matrix may have measured already, or will find here.</param>
    public IReadOnlyList<StatisticsPass> StartPasses(int tileElements, SharedMaxima shared)
    {
        IReadOnlyList<StatisticsPass> own = tensor.StartPasses(tileElements);
        _isMeasured = own.Count > 0;
        return
        [
            .. own.Select((pass, k) => k < own.Count - 1 ? pass : new LastOwnPass(pass, tensor)),
            new MaximaPass(this, shared, tileElements),
        ];
    }

    /// <summary>Number of elements that passes read, counted in each.</summary>
    public long StatisticsElements => tensor.StatisticsElements + tensor.Spec.UnitCount;

    /// <summary>Makes a part of the tensor, strip by strip.</summary>
    /// <param name="first">Index of the first element.</param>
    /// <param name="count">Number of elements.</param>
    /// <param name="workspace">Workspace of the calling thread.</param>
    /// <param name="take">Function that takes the values of a strip in binary32, and may change them.</param>
    /// <returns>Counts of infinities and NaNs.</returns>
    public NonFinite Make(long first, int count, ITileContext workspace, Action<long, TypedBytes> take)
    {
        NonFinite all = default;
        for (int at = 0; at < count; at += StripElements)
        {
            using TileLoan loan = workspace.Borrow();
            int strip = Math.Min(StripElements, count - at);
            var made = new TypedBytes(tensor.Spec.Type, workspace.Room(strip * tensor.Spec.Type.Size));
            all += tensor.Produce(first + at, made, workspace);
            var values = new TypedBytes(ElementType.F32, workspace.Room(strip * sizeof(float)));
            workspace.Worker.Combine(LinearCombination.BaseAlone, [made], values);
            take(first + at, values);
        }

        return all;
    }

    /// <summary>Values of a strip as numbers.</summary>
    public static Span<float> Of(TypedBytes strip) => MemoryMarshal.Cast<byte, float>(strip.Bytes.Span);

    /// <summary>The last pass that the tensor itself needs, after which it is solved and can be made.</summary>
    private sealed class LastOwnPass(StatisticsPass pass, OutputTensor tensor) : StatisticsPass(pass.Parts, pass.TileElements)
    {
        public override long? ElementBytes => pass.ElementBytes;

        public override void Measure(int tile, long first, int count, ITileContext workspace) =>
            pass.Measure(tile, first, count, workspace);

        public override void Finish(ITileContext workspace)
        {
            pass.Finish(workspace);
            tensor.Solve();
        }
    }

    /// <summary>Finds the largest absolute values of the blocks, unless they are known by then.</summary>
    private sealed class MaximaPass(MeasuredMatrix matrix, SharedMaxima shared, int tileElements)
        : StatisticsPass([(0, matrix.Tensor.Spec.UnitCount)], tileElements)
    {
        private readonly BlockMaxima _maxima = shared.New();

        public override void Measure(int tile, long first, int count, ITileContext workspace)
        {
            if (shared.Known is null)
                matrix.Make(first, count, workspace, (at, strip) => _maxima.Add(at, Of(strip)));
        }

        // A tile is only left out once the maxima are known, so that either all tiles were measured here, or they are.
        public override void Finish(ITileContext workspace) => shared.Known ??= _maxima;
    }
}
