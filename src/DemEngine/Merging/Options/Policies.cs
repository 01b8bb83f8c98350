namespace DemEngine.Merging.Options;

/// <summary>What to do about tensors that the base has and a source lacks.</summary>
public enum MissingTensors
{
    /// <summary>Refuse, and list them.</summary>
    Fail,

    /// <summary>Take the base's in that source's place.</summary>
    Base,
}

/// <summary>What to do about tensors that a source has and the base lacks.</summary>
public enum ExtraTensors
{
    /// <summary>Refuse, and list them.</summary>
    Fail,

    /// <summary>Leave them out.</summary>
    Ignore,
}

/// <summary>What to do about embeddings and output matrices with different row counts.</summary>
public enum VocabularyPolicy
{
    /// <summary>Refuse, and say both counts.</summary>
    Fail,

    /// <summary>Keep the base's rows; a source takes part in those that it has.</summary>
    Base,

    /// <summary>Keep the rows that all have.</summary>
    Common,
}

/// <summary>What to do about infinities and NaNs in the output.</summary>
public enum NonFinitePolicy
{
    /// <summary>Publish nothing, and name the tensors.</summary>
    Fail,

    /// <summary>Publish, and name the tensors.</summary>
    Warn,
}

/// <summary>What to do about an unfinished run beside the output.</summary>
public enum UnfinishedRun
{
    /// <summary>Refuse to touch it.</summary>
    Refuse,

    /// <summary>Go on with it.</summary>
    Resume,

    /// <summary>Discard it and start anew.</summary>
    Restart,
}
