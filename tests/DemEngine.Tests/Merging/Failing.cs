namespace DemEngine.Tests.Merging;

/// <summary>What a call fails with.</summary>
internal static class Failing
{
    public static DemException With(ErrorCode code, Action act)
    {
        DemException error = Assert.Throws<DemException>(() => act())!;
        Assert.That(error.Code, Is.SameAs(code), error.Message);
        return error;
    }
}
