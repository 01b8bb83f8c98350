namespace DemEngine.Recipes;

/// <summary>
/// Which end of a gradient tensors take that lie after the layers, such as the last norm and the output matrix.
/// </summary>
public enum AfterLayers
{
    /// <summary>The first number, as in mergekit.</summary>
    First,

    /// <summary>The last number, as the position in the network suggests.</summary>
    Last,
}
