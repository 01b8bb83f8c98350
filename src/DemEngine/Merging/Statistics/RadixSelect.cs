using System.Collections.Immutable;
using DemEngine.Merging.Inputs;
using DemEngine.Methods.Definition;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Merging.Statistics;

/// <summary>
/// Finds thresholds with given numbers of elements above them, exactly and without sorting, by radix select. Each pass counts the
/// keys in the bins of a window and narrows the window to one bin, until it contains a single key. Where a threshold divides
/// equal keys (ties), the ties are counted tile by tile, along with the key or in a final pass, so that the last tie above the
/// threshold is known by its index. Counts are integers, so the order of counting does not affect the result.
/// </summary>
/// <remarks>
/// In large tensors a sample is counted first to guess the window. The keys above that window are counted too, so that a wrong
/// guess is noticed, and the search then starts again with all keys. Differences between numbers of a short type have few
/// distinct keys: a bin often contains only one, and then one pass is enough. Several tensors may be searched together. Their
/// elements are then numbered consecutively, in the order of the members. Each tensor ends up with its own thresholds, which
/// differ in the index of the last tie.
/// </remarks>
internal sealed class RadixSelect : StatisticsGroup
{
    // Counts per tile are kept only if those of a window take at most 4 MiB in all tiles together.
    private const long MaxTileCounts = 1 << 20;

    private readonly ImmutableArray<RadixSelectTensor> _members;
    private readonly ImmutableArray<ThresholdRequest> _requests;
    private readonly long _elements;
    private readonly int _samplePasses;
    private RadixSelectStep[] _steps = [];
    private Lazy<BinCounts> _counts;
    private long _tiles;

    /// <param name="members">Tensors that are searched together; all request the same thresholds.</param>
    public RadixSelect(ImmutableArray<RadixSelectTensor> members)
        : base(members.Length, PassesOver(members[0].Measurement, members.Sum(member => member.Inputs.Elements)))
    {
        _members = members;
        _requests = members[0].Measurement.Requests;
        _elements = members.Sum(member => member.Inputs.Elements);
        _samplePasses = IsSampled(members[0].Measurement, _elements) ? 1 : 0;
        Windows =
        [
            .. _requests.GroupBy(request => request.Stream)
                .OrderBy(stream => stream.Key)
                .SelectMany(stream => stream.Any(request => request.NeedsNonZero)
                    ? (KeyWindow[])[First(stream.Key), RadixSelectStep.Zeros(stream.Key)]
                    : [First(stream.Key)]),
        ];
        _counts = NewCounts();
    }

    /// <summary>Windows that the current pass counts; empty if everything is known.</summary>
    public ImmutableArray<KeyWindow> Windows { get; private set; }

    /// <summary>Counts of the current pass that are kept for each tile.</summary>
    public ImmutableArray<TileCounts> Kept { get; private set; } = [];

    /// <summary>
    /// Returns the number of passes that usually read all elements. The other passes look at a sample, or are needed only after a
    /// wrong guess.
    /// </summary>
    public static int UsualPasses(ThresholdStatistic measurement) => NeedsTotals(measurement) ? 3 : 1;

    public override StatisticsPass Start(int pass, int member, int tileElements)
    {
        var started = new RadixSelectPass(this, pass, _members[member], tileElements)
        {
            Sample = pass < _samplePasses ? new RadixSelectSample(_elements) : null,
            IsUsual = pass >= _samplePasses && pass < _samplePasses + UsualPasses(_members[member].Measurement),
        };
        if (pass == 0)
        {
            _tiles += started.TileCount;
            Kept = Keep();
        }

        return started;
    }

    /// <summary>Returns the table in which the calling thread may count the given number of keys.</summary>
    public uint[] TableFor(int keys) => _counts.Value.TableFor(keys);

    /// <summary>Returns the index of a window's first bin among all bins.</summary>
    public int StartOf(KeyWindow window) => Windows.TakeWhile(other => other != window).Sum(other => other.Counts);

    protected override void FinishPass(int pass, ITileContext workspace)
    {
        if (!Windows.IsEmpty)
        {
            long[] counts = _counts.IsValueCreated ? _counts.Value.Total() : new long[Windows.Sum(window => window.Counts)];
            if (pass < _samplePasses)
                Guess(counts);
            else if (pass < PassCount - 1)
                Narrow(pass, counts);
            else
                KeepTies();
            if (_counts.IsValueCreated)
                _counts.Value.Dispose();
        }

        if (pass == PassCount - 1)
        {
            Complete(workspace);
            return;
        }

        Look(pass);
        _counts = NewCounts();
    }

    private static bool IsSampled(ThresholdStatistic measurement, long elements) =>
        elements >= RadixSelectSample.MinElements && !NeedsTotals(measurement);

    /// <summary>Whether a request depends on the number of non-zero keys, which a sample cannot tell exactly.</summary>
    private static bool NeedsTotals(ThresholdStatistic measurement) => measurement.Requests.Any(request => request.NeedsNonZero);

    /// <summary>
    /// Returns the number of passes: one over the sample and one for the guess where there is a sample, those that narrow the
    /// window, and one for ties.
    /// </summary>
    private static int PassesOver(ThresholdStatistic measurement, long elements) =>
        (IsSampled(measurement, elements) ? 2 : 0) + RadixSelectStep.Narrowings(elements) + 1;

    /// <summary>Returns the window of the first pass. Over a sample it does not tell bins with a single key.</summary>
    private KeyWindow First(int stream) =>
        RadixSelectStep.Everything(stream, _elements) with { CountsFirsts = _samplePasses == 0 };

    private void Guess(long[] counts)
    {
        _steps = [.. _requests.Select(request => RadixSelectStep.Start(request, new KeyTotals(_elements, _elements)))];
        for (int r = 0; r < _steps.Length; r++)
        {
            if (_steps[r].Found is null)
                _steps[r] = _steps[r].Guess(Counts(counts, First(_requests[r].Stream)), _steps[r].Wanted / (double)_elements);
        }
    }

    private void Narrow(int pass, long[] counts)
    {
        if (pass == 0)
            _steps =
            [
                .. _requests.Select(request =>
                    RadixSelectStep.Start(request, new KeyTotals(_elements, _elements - Zeros(request, counts)))),
            ];
        for (int r = 0; r < _steps.Length; r++)
        {
            KeyWindow window = _steps[r].Window;
            if (!IsOpen(_steps[r]))
                continue;

            long above = _steps[r].IsGuess ? Counts(counts, _steps[r].Above)[0] : 0;
            _steps[r] = _steps[r].Narrow(Counts(counts, window), above, _requests[r].DividesTies, _elements, out int bin);
            if (_steps[r].IsKeyKnown && Kept.FirstOrDefault(kept => kept.Start == StartOf(window)) is { Length: > 0 } kept)
                KeepTies(r, kept.At + bin);
        }
    }

    private void KeepTies(int request, int at)
    {
        foreach (RadixSelectTensor member in _members)
            member.KeepTies(request, at);
    }

    /// <summary>Keeps the ties that the last pass has counted, those that were not known before it.</summary>
    private void KeepTies()
    {
        for (int r = 0; r < _steps.Length; r++)
        {
            if (_steps[r].Found is null && !_members[0].HasTies(r))
                KeepTies(r, Kept.First(kept => kept.Start == StartOf(_steps[r].Window)).At);
        }
    }

    /// <summary>Chooses the windows that the pass after this one counts.</summary>
    private void Look(int pass)
    {
        bool isLast = pass + 1 == PassCount - 1;
        RadixSelectStep[] open = isLast
            ? [.. _steps.Where((step, r) => step.Found is null && !_members[0].HasTies(r))]
            : [.. _steps.Where(IsOpen)];
        Windows = InOrder([.. open.Select(step => step.Window), .. open.Where(step => step.IsGuess).Select(step => step.Above)]);
        Kept = Keep();
    }

    /// <summary>
    /// Returns the counts to keep for each tile, those of windows in which ties may be found: windows of a single key always,
    /// others only if there are not too many bins in all tiles together.
    /// </summary>
    private ImmutableArray<TileCounts> Keep()
    {
        if (_steps.Length == 0 && _samplePasses > 0)
            return [];

        var kept = ImmutableArray.CreateBuilder<TileCounts>();
        int at = 0;
        foreach (KeyWindow window in Windows.Where(window => window.Bins == 1 || window.Bins * _tiles <= MaxTileCounts))
        {
            kept.Add(new TileCounts(StartOf(window), window.Bins, at));
            at += window.Bins;
        }

        return kept.ToImmutable();
    }

    /// <summary>Whether a threshold's key is still unknown.</summary>
    private static bool IsOpen(RadixSelectStep step) => step.Found is null && !step.IsKeyKnown;

    private static ImmutableArray<KeyWindow> InOrder(IEnumerable<KeyWindow> windows) =>
        [.. windows.Distinct().OrderBy(window => window.Stream)];

    private ReadOnlySpan<long> Counts(long[] counts, KeyWindow window) => counts.AsSpan(StartOf(window), window.Counts);

    private long Zeros(ThresholdRequest request, long[] counts) =>
        request.NeedsNonZero ? counts[StartOf(RadixSelectStep.Zeros(request.Stream))] : 0;

    private void Complete(ITileContext workspace)
    {
        var results = new Threshold[_members.Length][];
        for (int m = 0; m < results.Length; m++)
            results[m] = new Threshold[_requests.Length];
        for (int r = 0; r < _requests.Length; r++)
        {
            long wanted = _steps[r].Wanted;
            for (int m = 0; m < _members.Length; m++)
            {
                if (_steps[r].Found is { } found)
                {
                    results[m][r] = found;
                    continue;
                }

                long ties = _members[m].TiesOf(r);
                long last = wanted <= 0
                    ? -1
                    : wanted >= ties
                        ? long.MaxValue
                        : _members[m].IndexOfTie(_steps[r].Window, r, wanted, workspace);
                results[m][r] = new Threshold(_steps[r].Window.First, last);
                wanted -= ties;
            }
        }

        for (int m = 0; m < _members.Length; m++)
            _members[m].Measurement.Complete([.. results[m]]);
    }

    private Lazy<BinCounts> NewCounts() => new(() => new BinCounts(Windows.Sum(window => window.Counts)));
}
