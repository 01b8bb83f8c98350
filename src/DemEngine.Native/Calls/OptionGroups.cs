namespace DemEngine.Native.Calls;

/// <summary>Options that functions take, by what they are about.</summary>
[Flags]
internal enum OptionGroups
{
    /// <summary>How inputs are read.</summary>
    Reading = 1,

    /// <summary>What is done where models do not match.</summary>
    Matching = 2,

    /// <summary>What is done with infinities and NaNs.</summary>
    Values = 4,

    /// <summary>How a folder is written.</summary>
    Writing = 8,

    /// <summary>What a merge writes.</summary>
    Form = 16,

    /// <summary>The element type of differences.</summary>
    Type = 32,
}
