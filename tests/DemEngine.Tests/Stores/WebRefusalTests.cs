using System.Security.Cryptography.X509Certificates;
using DemEngine.Checkpoints;
using DemEngine.Remote.S3;
using DemEngine.Stores;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.Stores;

[NonParallelizable]
internal sealed class WebRefusalTests
{
    [TestCase("model-", TestName = "Weights that an index names and a server refuses are an access refused")]
    [TestCase("model", TestName = "Weights and an index that a server refuses beside a config are an access refused")]
    public void Refused(string start)
    {
        using ModelFolder models = WebModelTests.Family();
        using var served = new ServedFolder(models.Path);
        served.Twist = (request, answer, _) =>
            request.Path.Split('/')[^1].StartsWith(start, StringComparison.Ordinal) ? WebAnswer.Of(403) : answer;
        string model = Path.GetFileName(Directory.GetDirectories(models.Path).First(folder =>
            File.Exists(Path.Combine(folder, "model.safetensors.index.json")) && File.Exists(Path.Combine(folder, "config.json"))));
        DemException e = Assert.Throws<DemException>(() => Checkpoint.Open(served.AddressOf(model)).Dispose())!;
        Assert.That(e.Code, Is.EqualTo(ErrorCode.StoreAccessRefused), e.Message);
    }

    [Test]
    public void Where_nothing_but_a_config_is_given_access_is_refused_and_not_the_model_missing()
    {
        using ModelFolder models = WebModelTests.Family();
        using var served = new ServedFolder(models.Path);
        served.Twist = (request, answer, _) =>
            request.Path.EndsWith("/config.json", StringComparison.Ordinal) && answer.Status is 200 or 206 ? answer : WebAnswer.Of(403);
        string model = Path.GetFileName(Directory.GetDirectories(models.Path).First(folder =>
            File.Exists(Path.Combine(folder, "model.safetensors.index.json")) && File.Exists(Path.Combine(folder, "config.json"))));
        foreach (string address in new[] { served.AddressOf(model), served.AddressOf($"{model}/model.safetensors") })
        {
            DemException e = Assert.Throws<DemException>(() => Checkpoint.Open(address).Dispose())!;
            Assert.That(e.Code, Is.EqualTo(ErrorCode.StoreAccessRefused), e.Message);
            Assert.That(e.Message, Does.Contain("model.safetensors: the server answers 403"));
            Assert.That(e.Remedy, Does.Contain("some servers refuse what is not there").And.Contain("login"));
        }
    }

    [TestCase("https", TestName = "A web server's certificate that is not trusted is an error that no retry mends")]
    [TestCase("s3", TestName = "A certificate of S3 that is not trusted is an error that no retry mends")]
    [CancelAfter(20_000)]
    public void Untrusted(string scheme)
    {
        using X509Certificate2 certificate = OwnCertificate.Make();
        using var server = new LoopbackServer(_ => WebAnswer.Of(404), certificate);
        FileStores.Register(
            "s3",
            () => new S3Store(new S3Options
            {
                Environment = name => name == "AWS_ENDPOINT_URL" ? server.Address : null,
                Keys = (S3Server.Access, S3Server.Secret),
            }));
        string address = scheme == "s3" ? "s3://bucket/model" : $"{server.Address}/model";
        DemException e = Assert.Throws<DemException>(() => Checkpoint.Open(address).Dispose())!;
        Assert.Multiple(() =>
        {
            Assert.That(e.Code, Is.EqualTo(ErrorCode.StoreNotTrusted), e.Message);
            Assert.That(e.Code.ExitCode, Is.EqualTo(2));
            Assert.That(e.Message, Does.StartWith(address).And.Contain("certificate is not trusted"));
            Assert.That(e.Remedy, Does.Contain("SSL_CERT_FILE"));
            Assert.That(server.Connections, Is.LessThan(64), "names of a model, each asked for once");
        });
    }
}
