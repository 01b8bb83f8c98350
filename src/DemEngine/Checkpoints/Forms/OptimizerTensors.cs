using System.Collections.Immutable;

namespace DemEngine.Checkpoints.Forms;

/// <summary>Recognises the state of an optimizer, which has the shapes of weights and is none.</summary>
internal static class OptimizerTensors
{
    private static readonly string[] Endings =
    [
        "exp_avg",
        "exp_avg_sq",
        "max_exp_avg_sq",
        "exp_avg_slow",
        "exp_inf",
        "momentum_buffer",
        "square_avg",
        "grad_avg",
        "acc_delta",
        "state1",
        "state2",
        "qmap1",
        "qmap2",
    ];

    private static readonly string[] Roots = ["optimizer", "optim", "optimizer_state", "optimizer_state_dict"];

    /// <summary>Returns the names of tensors that are an optimizer's.</summary>
    /// <param name="checkpoint">The open checkpoint.</param>
    public static ImmutableArray<string> Find(Checkpoint checkpoint) =>
        [.. checkpoint.Tensors.Select(tensor => tensor.Spec.Name).Where(IsState)];

    private static bool IsState(string name)
    {
        int end = name.IndexOf('.', StringComparison.Ordinal);
        return (end > 0 && IsOneOf(Roots, name.AsSpan(0, end)))
            || IsOneOf(Endings, name.AsSpan(name.LastIndexOfAny(['.', '/']) + 1));
    }

    private static bool IsOneOf(string[] words, ReadOnlySpan<char> text)
    {
        foreach (string word in words)
        {
            if (text.SequenceEqual(word))
                return true;
        }

        return false;
    }
}
