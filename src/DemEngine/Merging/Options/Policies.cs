namespace DemEngine.Merging.Options;

/// <summary>Policy for tensors that the base has and a source lacks.</summary>
public enum MissingTensors
{
    /// <summary>Refuse to merge, and list the tensors.</summary>
    Fail,

    /// <summary>Use the base's tensors in that source's place.</summary>
    Base,
}

/// <summary>Policy for tensors that a source has and the base lacks.</summary>
public enum ExtraTensors
{
    /// <summary>Refuse to merge, and list the tensors.</summary>
    Fail,

    /// <summary>Leave the tensors out of the output.</summary>
    Ignore,
}

/// <summary>Policy for embeddings and output matrices with different row counts.</summary>
public enum VocabularyPolicy
{
    /// <summary>Refuse to merge, and report both row counts.</summary>
    Fail,

    /// <summary>Keep the base's rows. A source contributes only to the rows that it has.</summary>
    Base,

    /// <summary>Keep only the rows that all models have.</summary>
    Common,
}

/// <summary>How an output stores the experts of a mixture.</summary>
public enum ExpertStorage
{
    /// <summary>As the base does.</summary>
    AsBase,

    /// <summary>A tensor for each matrix of each expert.</summary>
    Separate,

    /// <summary>
    /// One tensor for the gates and ups of all experts of a layer and one for the downs, as transformers 5 keeps them in memory.
    /// </summary>
    Fused,
}

/// <summary>Policy for infinities and NaNs in the output.</summary>
public enum NonFinitePolicy
{
    /// <summary>Publish no output, and report the tensors concerned.</summary>
    Fail,

    /// <summary>Publish the output, and report the tensors concerned.</summary>
    Warn,
}

/// <summary>Policy for an unfinished run found beside the output.</summary>
public enum UnfinishedRun
{
    /// <summary>Leave the unfinished run untouched, and refuse to start.</summary>
    Refuse,

    /// <summary>Continue the unfinished run.</summary>
    Resume,

    /// <summary>Discard the unfinished run and start again.</summary>
    Restart,
}
