namespace DemEngine.Checkpoints.Pickles;

/// <summary>What the names in a pickle stand for.</summary>
internal interface IPickleNames
{
    /// <summary>
    /// Returns what a call makes, which is plain data. Calls of what is not known make a <see cref="PickleObject"/>.
    /// </summary>
    /// <param name="callee">The class or function that the pickle names.</param>
    /// <param name="arguments">The arguments.</param>
    object? Call(PickleGlobal callee, PickleTuple arguments);

    /// <summary>Returns what lies outside the pickle under an identifier.</summary>
    /// <param name="id">The identifier, any value.</param>
    object? Find(object? id);
}
