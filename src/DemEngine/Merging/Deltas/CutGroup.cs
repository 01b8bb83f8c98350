using System.Collections.Immutable;
using DemEngine.Methods;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Merging.Deltas;

/// <summary>
/// Finds cuts with given numbers of elements above them, exactly and without sorting, by radix selection: one pass counts the keys by
/// their upper 16 bits, one the lower 15 bits of those in the bins where the cuts fall, and where a cut divides equal keys one counts these
/// tile by tile, so that the last that is above it is known by its index. Counts are whole numbers, so that no order shows.
/// </summary>
/// <remarks>
/// Several tensors may be searched together: their elements are then numbered through, in the order of the members. Each has its own
/// cuts in the end, which differ in the index of the last tie.
/// </remarks>
internal sealed class CutGroup : MeasuringGroup
{
    public const int Passes = 3;
    public const int TiePass = 2;

    private readonly ImmutableArray<CutMember> _members;
    private readonly ImmutableArray<CutRequest> _requests;
    private readonly long _elements;
    private CutStep[] _steps = [];
    private ImmutableArray<KeyWindow> _windows;
    private Lazy<BinCounts> _counts;

    /// <param name="members">What is measured for each tensor; all ask for the same cuts.</param>
    public CutGroup(ImmutableArray<CutMember> members)
        : base(members.Length, Passes)
    {
        _members = members;
        _requests = members[0].Measurement.Requests;
        _elements = members.Sum(member => member.Inputs.Elements);
        int streams = _requests.Max(request => request.Stream) + 1;
        _windows =
        [
            .. Enumerable.Range(0, streams).SelectMany(stream => (KeyWindow[])[CutStep.Everything(stream), CutStep.Zeros(stream)])
                .Where(window => window.Bins > 1 || _requests.Any(request => request.NeedsNonZero && request.Stream == window.Stream)),
        ];
        _counts = NewCounts();
    }

    public override MeasuringPass Start(int pass, int member, int tileElements) =>
        new CutPass(this, pass, _members[member], tileElements);

    /// <summary>What is counted in the pass under way; nothing if all is known.</summary>
    public ImmutableArray<KeyWindow> Windows => _windows;

    /// <summary>Where the calling thread counts so many keys.</summary>
    public uint[] TableFor(int keys) => _counts.Value.TableFor(keys);

    protected override void FinishPass(int pass, TileWorkspace workspace)
    {
        if (pass < TiePass)
        {
            long[] counts = _counts.IsValueCreated ? _counts.Value.Total() : new long[_windows.Sum(window => window.Bins)];
            Narrow(pass, counts);
            if (_counts.IsValueCreated)
                _counts.Value.Dispose();
            _counts = NewCounts();
        }
        else
        {
            Complete(workspace);
        }
    }

    private void Narrow(int pass, long[] counts)
    {
        if (pass == 0)
            _steps = [.. _requests.Select(request => CutStep.Start(request, new KeyTotals(_elements, _elements - Zeros(request, counts))))];
        for (int r = 0; r < _steps.Length; r++)
        {
            if (_steps[r].Found is null)
                _steps[r] = _steps[r].Narrow(counts.AsSpan(StartOf(_steps[r].Window), _steps[r].Window.Bins), _requests[r].DividesTies);
        }

        _windows = [.. _steps.Where(step => step.Found is null).Select(step => step.Window).Distinct().OrderBy(window => window.Stream)];
    }

    private long Zeros(CutRequest request, long[] counts) => request.NeedsNonZero ? counts[StartOf(CutStep.Zeros(request.Stream))] : 0;

    /// <summary>Where a window's bins start among all bins.</summary>
    private int StartOf(KeyWindow window) => _windows.TakeWhile(other => other != window).Sum(other => other.Bins);

    private void Complete(TileWorkspace workspace)
    {
        var results = new Cut[_members.Length][];
        for (int m = 0; m < results.Length; m++)
            results[m] = new Cut[_requests.Length];
        for (int r = 0; r < _requests.Length; r++)
        {
            long wanted = _steps[r].Wanted;
            int window = _windows.IndexOf(_steps[r].Window);
            for (int m = 0; m < _members.Length; m++)
            {
                if (_steps[r].Found is { } found)
                {
                    results[m][r] = found;
                    continue;
                }

                long ties = _members[m].Ties(window);
                long last = wanted <= 0 ? -1 : wanted >= ties ? long.MaxValue : _members[m].IndexOfTie(_steps[r].Window, window, wanted, workspace);
                results[m][r] = new Cut(_steps[r].Window.First, last);
                wanted -= ties;
            }
        }

        for (int m = 0; m < _members.Length; m++)
            _members[m].Measurement.Complete([.. results[m]]);
    }

    private Lazy<BinCounts> NewCounts() => new(() => new BinCounts(_windows.Sum(window => window.Bins)));
}
