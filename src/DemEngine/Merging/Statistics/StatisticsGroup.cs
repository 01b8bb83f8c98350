using DemEngine.Merging.Inputs;

namespace DemEngine.Merging.Statistics;

/// <summary>
/// Computes a statistic over one or more tensors together, in passes. Each pass covers all tensors before the next one starts.
/// </summary>
/// <param name="members">Number of tensors.</param>
/// <param name="passes">Number of passes.</param>
internal abstract class StatisticsGroup(int members, int passes)
{
    private int _finished;

    /// <summary>Number of passes.</summary>
    public int PassCount => passes;

    /// <summary>Starts one tensor's part of a pass.</summary>
    public abstract StatisticsPass Start(int pass, int member, int tileElements);

    /// <summary>Reports that a member's part of a pass is finished. The last member ends the pass.</summary>
    public void MemberFinished(int pass, ITileContext workspace)
    {
        if (Interlocked.Increment(ref _finished) % members != 0)
            return;
        FinishPass(pass, workspace);
    }

    /// <summary>Ends a pass. Called once, after the last member's part.</summary>
    protected abstract void FinishPass(int pass, ITileContext workspace);
}
