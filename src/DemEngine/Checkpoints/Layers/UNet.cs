namespace DemEngine.Checkpoints.Layers;

/// <summary>
/// The three parts of a U-Net, which data passes one after another: blocks on the way down, the middle, blocks on the way up.
/// They are one sequence of layers, and the middle is one layer of it.
/// </summary>
internal static class UNet
{
    /// <summary>Whether a tensor's name can have a word for a part, which is quick to see.</summary>
    public static bool MayName(string tensor) => tensor.Contains("_block", StringComparison.Ordinal);

    /// <summary>Returns the position of a part: 0 down, 1 middle, 2 up; null if a word names none.</summary>
    public static int? PartOf(string word) => word switch
    {
        "input_blocks" or "down_blocks" => 0,
        "middle_block" or "mid_block" => 1,
        "output_blocks" or "up_blocks" => 2,
        _ => null,
    };
}
