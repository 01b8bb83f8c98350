namespace DemEngine.Numerics.LowRank;

/// <summary>A large matrix of binary32 numbers that is read by rows, as often as it is needed.</summary>
internal interface IRowSource
{
    /// <summary>Number of rows.</summary>
    int Rows { get; }

    /// <summary>Number of columns.</summary>
    int Columns { get; }

    /// <summary>Reads whole rows.</summary>
    /// <param name="firstRow">Index of the first row.</param>
    /// <param name="values">Receives the rows, one after the other.</param>
    void Read(int firstRow, Span<float> values);
}
