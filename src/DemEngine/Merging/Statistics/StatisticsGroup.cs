using DemEngine.Merging.Inputs;

namespace DemEngine.Merging.Statistics;

/// <summary>
/// A measurement over one or more tensors together, in passes: each pass goes over all of them before the next one starts.
/// </summary>
/// <param name="members">Number of tensors.</param>
/// <param name="passes">Number of passes.</param>
internal abstract class StatisticsGroup(int members, int passes)
{
    private int _finished;

    /// <summary>Number of passes.</summary>
    public int PassCount => passes;

    /// <summary>One tensor's part of a pass.</summary>
    public abstract StatisticsPass Start(int pass, int member, int tileElements);

    /// <summary>Called by each member's part of a pass when it is finished; the last ends the pass.</summary>
    public void MemberFinished(int pass, ITileContext workspace)
    {
        if (Interlocked.Increment(ref _finished) % members != 0)
            return;
        FinishPass(pass, workspace);
    }

    /// <summary>Called once, after the last member's part of a pass.</summary>
    protected abstract void FinishPass(int pass, ITileContext workspace);
}
